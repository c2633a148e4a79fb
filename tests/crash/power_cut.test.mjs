// SPDX-License-Identifier: MIT
//
// The power is cut while journal and store work. The state lies on an ext4 of its own in an image; the image lies
// on another file system, which is frozen at a random moment. What the image has then is what a disk would have:
// what was only in the page cache is gone. The next round begins with what was left.
//
//     outer image ── ext4, frozen ── image ── ext4 ── state          ledger (elsewhere)
//
// `always` may lose nothing that was acknowledged, `interval` nothing that was synced, `os` nothing that was
// sealed. Not part of every test run; needs root and loop devices. By hand, with 50 cuts of each:
//
//     LOGMILL_ROUNDS=50 tools/run-scenarios tests/crash/power_cut.test.mjs

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { rounds } from "../lib/paths.mjs";
import { DRIVER } from "../lib/store_driver.mjs";
import { until } from "../lib/wait.mjs";

const ROUNDS = rounds(5);
const LIFE_MS = 500;
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

function sh(command, ...args) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error ?? stderr}`);
}

/** Why it cannot be played here; false: it can. */
function cannot() {
    if (process.getuid() !== 0) return "only root may mount";
    for (const tool of ["mkfs.ext4", "fsfreeze", "losetup", "unshare"])
        if (spawnSync(tool, ["--version"]).error) return `${tool} is missing`;
    if (spawnSync("losetup", ["-f"]).status !== 0) return "there are no loop devices";
    return false;
}

const moment = () => new Promise((resume) => setTimeout(resume, Math.random() * LIFE_MS));

class Machine {
    mounted = [];
    boots = 0;

    constructor(durability) {
        this.durability = durability;
        this.dir = mkdtempSync(join(tmpdir(), "logmill-cut-"));
        for (const name of ["outer", "disk"]) mkdirSync(this.path(name));
        this.ledger = this.path("ledger");
        this.state = this.path("disk/state");
        this.image = this.path("outer/image");
        sh("truncate", "-s", "1G", this.path("outer.image"));
        sh("mkfs.ext4", "-q", "-F", this.path("outer.image"));
        this.mount(this.path("outer.image"), this.path("outer"));
        sh("truncate", "-s", "700M", this.image);
        sh("mkfs.ext4", "-q", "-F", this.image);
        this.boot();
    }

    path(name) {
        return join(this.dir, name);
    }

    mount(image, where) {
        sh("mount", "-o", "loop,commit=300", image, where); // nothing is written but what somebody asks for
        this.mounted.push(where);
    }

    umount() {
        sh("umount", this.mounted.pop());
    }

    boot() {
        this.mount(this.image, this.path("disk"));
        writeFileSync(this.path("boot_id"), `${String(++this.boots).padStart(8, "0")}-0000-4000-8000-000000000000\n`);
    }

    /** A command line that believes in the boot id of this machine. */
    inside(...args) {
        const script = `mount --bind "$1" ${BOOT_ID} && shift && exec "$@"`;
        return ["unshare", ["-m", "sh", "-c", script, "sh", this.path("boot_id"), DRIVER, ...args]];
    }

    /** Begins to work; resolves when something has been acknowledged. */
    async work() {
        const before = this.acknowledged();
        this.worker = spawn(...this.inside("work", this.state, this.ledger, "1000000", this.durability));
        this.worker.stderr.on("data", (text) => (this.said = `${this.said ?? ""}${text}`));
        this.worker.ended = new Promise((resume) => this.worker.once("exit", resume));
        await until(() => `an acknowledged batch; ${this.said ?? ""}`, () => this.acknowledged() > before, 30_000);
    }

    acknowledged() {
        try {
            return readFileSync(this.ledger, "utf8").match(/^a /gm)?.length ?? 0;
        } catch {
            return 0;
        }
    }

    async kill() {
        this.worker.kill("SIGKILL");
        await this.worker.ended;
    }

    /** Everything stops at one moment; the disk is what the image had then. */
    async cut() {
        sh("fsfreeze", "-f", this.path("outer"));
        try {
            this.worker.kill("SIGKILL");
            sh("cp", "--sparse=always", this.image, this.path("left"));
        } finally {
            sh("fsfreeze", "-u", this.path("outer"));
        }
        await this.worker.ended;
        this.umount();
        copyFileSync(this.path("left"), this.image);
        this.boot();
    }

    /** How many acknowledged records are gone, none of them against what was promised. */
    check(what) {
        const { status, stdout, stderr } = spawnSync(
            ...this.inside("check", this.state, this.ledger, "cut", this.durability),
            { encoding: "utf8" },
        );
        assert.equal(status, 0, `${what}: ${stdout}${stderr}`);
        const [, seen, lost, ms] = /^(\d+) records, (\d+) lost, .* opened in ([\d.]+) ms/.exec(stdout);
        return { seen: Number(seen), lost: Number(lost), ms: Number(ms) };
    }

    async remove() {
        this.worker?.kill("SIGKILL");
        await this.worker?.ended;
        while (this.mounted.length) this.umount();
        rmSync(this.dir, { recursive: true, force: true });
    }
}

for (const durability of ["os", "interval", "always"])
    test(`${ROUNDS} power cuts, durability ${durability}`, { timeout: 60_000 + ROUNDS * 30_000, skip: cannot() }, async (t) => {
        const machine = new Machine(durability);
        t.after(() => machine.remove());
        let lost = 0, most = 0, slowest = 0, cuts = 0;
        for (let round = 1; round <= ROUNDS; round++) {
            await machine.work();
            await moment();
            if (round % 2 === 0) {
                // What a hub before this one had not synced yet is to be as safe as what this one writes.
                await machine.kill();
                await machine.work();
                await moment();
            }
            await machine.cut();
            const found = machine.check(`cut ${round}`);
            cuts++;
            lost += found.lost;
            most = Math.max(most, found.lost);
            slowest = Math.max(slowest, found.ms);
        }
        if (durability === "always") assert.equal(lost, 0);
        t.diagnostic(`${cuts} cuts: ${lost} records not synced yet were lost, at most ${most} at once; opened in at most ${slowest} ms`);
    });

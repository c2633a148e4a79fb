// SPDX-License-Identifier: MIT
//
// build/tests/store_driver, and strace around it: killed at, or refused, the Nth of its system calls. It works in
// steps on one thread, so that the Nth call is the same one in every run.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILD } from "./paths.mjs";

export const DRIVER = join(BUILD, "tests", "store_driver");
export const GAVE_UP = 3; // it could not go on, and has said why
const HANGS_MS = 120_000;

/** Why tests with strace cannot run here; false: they can. */
export const noStrace =
    (!existsSync(DRIVER) && `there is no ${DRIVER}: tools/build all makes it`) ||
    (spawnSync("strace", ["-o", "/dev/null", "true"]).status !== 0 && "strace is missing, or may not trace here");

export class StoreDriver {
    constructor(rounds, durability = "interval") {
        this.dir = mkdtempSync(join(tmpdir(), "logmill-store-"));
        this.state = join(this.dir, "state");
        this.ledger = join(this.dir, "ledger");
        this.trace = join(this.dir, "trace");
        this.args = [this.state, this.ledger, String(rounds), durability];
    }

    remove() {
        rmSync(this.dir, { recursive: true, force: true });
    }

    run(what, ...args) {
        return spawnSync(DRIVER, [what, this.state, this.ledger, ...args], { encoding: "utf8", timeout: HANGS_MS });
    }

    /** A store with two rounds of history, so that there is something to lose. */
    begin() {
        rmSync(this.state, { recursive: true, force: true });
        rmSync(this.ledger, { force: true });
        const { status, stderr } = this.run("steps", "2");
        assert.equal(status, 0, stderr);
    }

    strace(set, ...args) {
        const options = { encoding: "utf8", timeout: HANGS_MS };
        const traced = ["-qq", "-y", "-e", `trace=${set}`, "-o", this.trace, ...args];
        this.begin();
        return spawnSync("strace", [...traced, DRIVER, "steps", ...this.args], options);
    }

    /** Every call of one whole run: its line, its name, and which one of that name it is, as strace counts them. */
    calls(set = "all") {
        const { status, stderr } = this.strace(set);
        assert.equal(status, 0, stderr);
        const counts = new Map();
        return this.traced().map((line) => {
            const name = line.slice(0, line.indexOf("("));
            const nth = (counts.get(name) ?? 0) + 1;
            counts.set(name, nth);
            return { line, name, nth };
        });
    }

    /** One run in which this call does not end as usual: "signal=SIGKILL", "error=EIO". */
    inject({ name, nth }, how) {
        return this.strace(`${name},writev,fdatasync`, "-e", `inject=${name}:${how}:when=${nth}`);
    }

    /** What the last run did. */
    traced() {
        return readFileSync(this.trace, "utf8").trimEnd().split("\n");
    }

    /** Everything acknowledged is there once, and work goes on. */
    check(what) {
        for (const [step, ...args] of [["check"], ["work", "4"], ["check"]]) {
            const { status, stdout, stderr } = this.run(step, ...args);
            assert.equal(status, 0, `${step} after ${what}: ${stdout}${stderr}`);
        }
    }
}

// SPDX-License-Identifier: MIT
//
// Many short lives that end in every way there is, several at a time: all bytes are in the file, in the
// store and in the stream, each has one exit record, and nothing is left of them but their cards.
//
// LOGMILL_ROUNDS says how often each kind is run (3); 143 of them are 1,001 children.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program, rounds } from "../lib/paths.mjs";
import { childrenOf } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const ROUNDS = rounds(3);
const AT_A_TIME = 6;
const GROUP = "/sys/fs/cgroup/memory/logmill-test";

const dying = (way, lines) => ({
    command: [program("last_words"), way, String(lines)],
    out: { lines: lines + 1, last: "last words on stdout" },
    err: { lines: lines + 1, last: "last words on stderr" },
});
const KINDS = {
    exit: { ...dying("exit", 300), end: { code: 7 } },
    abort: { ...dying("abort", 300), end: { signal: "SIGABRT" } },
    segv: { ...dying("segv", 300), end: { signal: "SIGSEGV" } },
    kill: { ...dying("kill", 300), end: { signal: "SIGKILL" } },
    // 3 MB at once: more than the pipe holds.
    full: {
        command: ["sh", "-c", "yes $(printf %01000d 7) | head -n 3000; printf end; printf end >&2; kill -9 $$"],
        out: { lines: 3001, last: "end" },
        err: { lines: 1, last: "end" },
        end: { signal: "SIGKILL" },
    },
    heir: {
        command: ["sh", "-c", "(sleep 0.2; echo late) & echo early; echo oh >&2; exit 5"],
        out: { lines: 2, last: "late" },
        err: { lines: 1, last: "oh" },
        end: { code: 5 },
    },
};

/** A group with little memory, where the kernel's killer can be met; null where there is none. */
function memoryGroup() {
    try {
        mkdirSync(GROUP, { recursive: true });
        writeFileSync(join(GROUP, "memory.limit_in_bytes"), String(16 << 20));
        return GROUP;
    } catch {
        return null;
    }
}

/** What a process has open, by kind; files of the journal and the store come and go by themselves. */
function openFiles(pid, stateDir) {
    const names = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
    return names.filter((name) => name && !name.startsWith(stateDir)).map((name) => name.replace(/\[\d+\]/, "")).sort();
}

function linkOf(path) {
    try {
        return readlinkSync(path);
    } catch {
        return "";
    }
}

scenario(
    `${ROUNDS} children of each kind: every byte everywhere, one end each, nothing left`,
    async (s, t) => {
        const group = memoryGroup();
        if (group)
            KINDS.oom = {
                command: [program("eater"), group],
                out: { lines: 1, last: "eating" },
                err: { lines: 1, last: "last words" },
                end: { signal: "SIGKILL" },
            };
        const hub = await s.hub({ settings: { client_lag: "64MiB" } });
        const ws = await s.websocket(hub, {});
        const ledger = new Ledger(ws);
        const openBefore = openFiles(hub.pid, hub.stateDir);
        const jobs = [];
        for (let round = 0; round < ROUNDS; round++) for (const kind of Object.keys(KINDS)) jobs.push(`${kind}-${round}`);
        const count = jobs.length;
        const workers = Array.from({ length: AT_A_TIME }, async () => {
            for (let name; (name = jobs.pop()); ) await liveOnce(hub, ledger, name);
        });
        await Promise.all(workers);
        assert.deepEqual(ws.notices, []);
        await until("all keepers to leave", () => childrenOf(hub.pid).length === 0);
        const now = () => openFiles(hub.pid, hub.stateDir);
        await until(
            () => `all descriptors to be closed: ${now()} after ${openBefore}`,
            () => now().length <= openBefore.length,
        );
        if (group) rmdirSync(group);
        t.diagnostic(`${count} children${group ? "" : ", none of them met the memory killer: no control group"}`);
    },
    { timeout: 60_000 + ROUNDS * 20_000 },
);

/** The records of each job so far. */
class Ledger {
    jobs = new Map();
    seen = 0;

    constructor(ws) {
        this.ws = ws;
    }

    of(job) {
        for (; this.seen < this.ws.records.length; this.seen++) {
            const record = this.ws.records[this.seen];
            const list = this.jobs.get(record.job_run_id);
            if (list) list.push(record);
            else this.jobs.set(record.job_run_id, [record]);
        }
        return this.jobs.get(job) ?? [];
    }
}

async function liveOnce(hub, ledger, name) {
    const kind = KINDS[name.split("-")[0]];
    const body = JSON.stringify({ name, command: kind.command });
    const answer = await hub.ask("/api/v1/processes", {}, { method: "POST", body });
    assert.equal(answer.status, 202, answer.text);
    const mine = () => ledger.of(name);
    const isEnd = (r) => r.fields?.event === "exit";
    const isWhole = () => mine().length >= kind.out.lines + kind.err.lines + 1;
    await until(() => `${name} to be whole; there are ${mine().length} records`, () => mine().some(isEnd) && isWhole(), 60_000);
    const { logs } = await hub.history(name);
    for (const [where, records] of [["stream", mine()], ["store", logs]]) {
        checkLines(`${name}, ${where}`, records.filter((r) => r.stream === "stdout"), kind.out);
        checkLines(`${name}, ${where}`, records.filter((r) => r.stream === "stderr"), kind.err);
        const ends = records.filter(isEnd);
        assert.equal(ends.length, 1, `${name}, ${where}`);
        const { code, signal, last_stderr: words } = ends[0].fields;
        assert.deepEqual({ code, signal }, { code: undefined, signal: undefined, ...kind.end }, name);
        assert.ok(words.endsWith(kind.err.last), words);
    }
    // Line ends apart: one is added where a stream cuts into an unfinished line of the other.
    const inFile = hub.logFile(name).toString("latin1").replaceAll("\n", "").length;
    const written = logs.filter((r) => r.stream !== "system").reduce((n, r) => n + r.message.length, 0);
    assert.equal(inFile, written, `${name}, file`);
    await until("its keeper to leave", async () => (await hub.ask(`/api/v1/processes/${name}`)).json.keeper_pid === null);
    rmSync(join(hub.logDir, `${name}.log`));
    ledger.jobs.delete(name);
}

function checkLines(what, records, want) {
    assert.equal(records.length, want.lines, what);
    assert.equal(records.at(-1).message, want.last, what);
    for (let i = 1; i < records.length; i++) assert.ok(records[i].id > records[i - 1].id, what);
}

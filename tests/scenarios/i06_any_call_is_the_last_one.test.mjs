// SPDX-License-Identifier: MIT
//
// Journal and store, without a hub around them, are killed at the Nth system call, or get an error from it:
// publishing, sealing, the end of a day, a clear, a compaction, retention, a clean stop. Whatever the moment, the next
// start takes less than a second and finds every acknowledged record once, in order, as it was written.
//
// Each run takes some of the calls. All of them, about twenty minutes: LOGMILL_EVERY=1 tools/run-scenarios <this file>

import assert from "node:assert/strict";
import test from "node:test";
import { GAVE_UP, noStrace, StoreDriver } from "../lib/store_driver.mjs";

const EVERY = Number(process.env.LOGMILL_EVERY) || 0; // 0: the usual few
const ROUNDS = 5; // with a clear in the second, a compaction in the third and retention in the fourth
const TIMEOUT_MS = 7_200_000;

/** Calls that change what is on the disk. */
const WRITING = "openat,mkdir,rename,unlink,rmdir,ftruncate,fallocate,pwrite64,fdatasync,fsync,mmap";

/** Every Nth of them, from a random one on. */
function some(calls, usual) {
    const every = EVERY || usual;
    const first = Math.floor(Math.random() * every);
    return calls.filter((_, i) => i % every === first);
}

/** Those of journal and store: what comes before is the loader, and the driver opening its ledger. */
function ours(calls) {
    return calls.slice(calls.findLastIndex(({ line }) => line.includes('/ledger"')) + 1);
}

function driver(t, ...args) {
    const d = new StoreDriver(ROUNDS, ...args);
    t.after(() => d.remove());
    return d;
}

test("whatever the system call, a kill there costs nothing acknowledged", { timeout: TIMEOUT_MS, skip: noStrace }, (t) => {
    const d = driver(t);
    // Without execve(); and without brk(), of which each run needs another number, since heaps begin where chance has it.
    const calls = d.calls().slice(1).filter(({ line }) => !line.startsWith("brk("));
    assert.ok(calls.length > 500, `${calls.length} system calls`);
    assert.ok(calls.some(({ line }) => /rename.*\.seg\.new/.test(line)), "a compaction is among them");
    const chosen = some(calls, 97);
    for (const call of chosen) {
        assert.equal(d.inject(call, "signal=SIGKILL").signal, "SIGKILL", `call ${call.nth} of ${call.line}`);
        d.check(`a kill at call ${call.nth} of ${call.line}`);
    }
    t.diagnostic(`${chosen.length} kills, of ${calls.length} system calls`);
});

for (const error of ["ENOSPC", "EIO", "EINTR"])
    test(`whatever call that writes, ${error} there costs nothing acknowledged`, { timeout: TIMEOUT_MS, skip: noStrace }, (t) => {
        const d = driver(t);
        const calls = ours(d.calls(WRITING));
        const chosen = some(calls, 61);
        let gaveUp = 0;
        for (const call of chosen) {
            const what = `${error} at call ${call.nth} of ${call.line}`;
            const { status, signal, stderr } = d.inject(call, `error=${error}`);
            assert.equal(signal, null, `${what}: ${signal} ${stderr}`);
            assert.ok(status === 0 || (status === GAVE_UP && stderr.length > 0), `${what}: status ${status} ${stderr}`);
            gaveUp += status === GAVE_UP;
            d.check(what);
        }
        t.diagnostic(`${chosen.length} refused, of ${calls.length} calls; ${gaveUp} times it gave up with a sentence`);
    });

/** Nothing is acknowledged on the strength of a sync that failed, and no file is synced again after one. */
function checkAcks(lines, what) {
    let synced = false;
    const broken = new Set();
    for (const line of lines) {
        const [, file, result] = /^fdatasync\(\d+<(.*\/journal\/.*)>\) = (\S+)/.exec(line) ?? [];
        if (file) {
            assert.ok(!broken.has(file), `${what}: ${file} is synced again`);
            synced = result === "0";
            if (!synced) broken.add(file);
        } else if (/^writev\(.*\/ledger>, .*"b /.test(line)) {
            synced = false;
        } else if (/^writev\(.*\/ledger>, .*"a /.test(line)) {
            assert.ok(synced, `${what}: acknowledged and not synced`);
        }
    }
    return broken.size;
}

test("with durability always nothing is acknowledged after a sync that failed", { timeout: TIMEOUT_MS, skip: noStrace }, (t) => {
    const d = driver(t, "always");
    const calls = d.calls("fdatasync").filter(({ line }) => line.includes("/journal/"));
    let failed = 0;
    const chosen = some(calls, 23);
    for (const call of chosen) {
        const what = `EIO at call ${call.nth} of ${call.line}`;
        const { status, stderr } = d.inject(call, "error=EIO");
        assert.equal(status, 0, `${what}: ${stderr}`);
        failed += checkAcks(d.traced(), what);
        d.check(what);
    }
    assert.equal(failed, chosen.length);
    t.diagnostic(`${failed} failed, of ${calls.length} syncs of the journal`);
});

// SPDX-License-Identifier: MIT
//
// Journal and store are killed at the Nth system call that writes, for every N: publishing, sealing, a clear,
// retention, a clean stop. Whatever the moment, the next start finds every acknowledged record once. Not part
// of every test run; by hand, with strace installed: tools/run-scenarios tests/crash/*.test.mjs
// LOGMILL_EVERY=20 takes every twentieth call.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { BUILD } from "../lib/paths.mjs";

const CALLS =
    "openat,mkdir,rename,unlink,rmdir,ftruncate,fallocate,pwrite64,write,fdatasync,fsync,mmap,munmap,madvise,pread64,close,fcntl";
const EVERY = Number(process.env.LOGMILL_EVERY ?? 1);
const ROUNDS = "5"; // with a clear in the third and retention in the fourth

const DRIVER = join(BUILD, "tests", "store_driver");
const driver = (...args) => spawnSync(DRIVER, args, { encoding: "utf8" });

function strace(...args) {
    return spawnSync("strace", ["-f", "-qq", "-e", `trace=${CALLS}`, ...args], { encoding: "utf8" });
}

test("whatever the system call, a kill there costs nothing acknowledged", { timeout: 7_200_000 }, (t) => {
    const dir = mkdtempSync(join(tmpdir(), "logmill-store-"));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const state = join(dir, "state"), ledger = join(dir, "ledger"), trace = join(dir, "trace");
    const work = [DRIVER, "work", state, ledger, ROUNDS];

    strace("-o", trace, ...work);
    const total = readFileSync(trace, "utf8").split("\n").length - 1;
    assert.ok(total > 200, `${total} system calls`);
    let kills = 0;
    for (let n = 1; n <= total; n += EVERY) {
        rmSync(state, { recursive: true, force: true });
        rmSync(ledger, { force: true });
        assert.equal(driver("work", state, ledger, "2").status, 0);
        strace("-o", "/dev/null", "-e", `inject=${CALLS}:signal=SIGKILL:when=${n}`, ...work);
        kills++;
        for (const step of ["check", "work", "check"]) {
            const { status, stdout, stderr } = driver(step, state, ledger, "1");
            assert.equal(status, 0, `${step} after a kill at call ${n}: ${stdout}${stderr}`);
        }
    }
    t.diagnostic(`${kills} kills, of ${total} system calls`);
});

// SPDX-License-Identifier: MIT
//
// Journal and store are killed at the Nth system call that writes, for every N: publishing, sealing, a clear,
// retention, a clean stop. Whatever the moment, the next start finds every acknowledged record once. Not part
// of every test run; by hand, with strace installed: tools/run-scenarios tests/crash/*.test.mjs
// LOGMILL_EVERY=20 takes every twentieth call.

import assert from "node:assert/strict";
import test from "node:test";
import { KILLED_AT, StoreDriver } from "../lib/store_driver.mjs";

const EVERY = Number(process.env.LOGMILL_EVERY ?? 1);
const FIRST = Number(process.env.LOGMILL_FIRST ?? 1);
const ROUNDS = 5; // with a clear in the third and retention in the fourth

test("whatever the system call, a kill there costs nothing acknowledged", { timeout: 7_200_000 }, (t) => {
    const driver = new StoreDriver(ROUNDS);
    t.after(() => driver.remove());
    const total = driver.count(KILLED_AT);
    assert.ok(total > 200, `${total} system calls`);
    let kills = 0;
    for (let n = FIRST; n <= total; n += EVERY, kills++) {
        driver.inject(KILLED_AT, "signal=SIGKILL", n);
        driver.check(`a kill at call ${n}`);
    }
    t.diagnostic(`${kills} kills, of ${total} system calls`);
});

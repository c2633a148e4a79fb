// SPDX-License-Identifier: MIT
//
// The Nth system call that writes is refused, for every N, with ENOSPC and with EIO: a full disk and one that
// breaks. Work goes on or ends with a sentence, never with a signal, and the next start finds every acknowledged
// record once. Not part of every test run; as store_killed_everywhere.test.mjs.

import assert from "node:assert/strict";
import test from "node:test";
import { REFUSED_AT, StoreDriver } from "../lib/store_driver.mjs";

const EVERY = Number(process.env.LOGMILL_EVERY ?? 1);
const FIRST = Number(process.env.LOGMILL_FIRST ?? 1);
const ROUNDS = 5;

for (const error of ["ENOSPC", "EIO"]) {
    test(`whatever the system call, ${error} there costs nothing acknowledged`, { timeout: 7_200_000 }, (t) => {
        const driver = new StoreDriver(ROUNDS);
        t.after(() => driver.remove());
        const total = driver.count(REFUSED_AT);
        assert.ok(total > 100, `${total} system calls`);
        let refused = 0, went_on = 0;
        for (let n = FIRST; n <= total; n += EVERY, refused++) {
            const { status, signal, stderr } = driver.inject(REFUSED_AT, `error=${error}`, n);
            assert.equal(signal, null, `${error} at call ${n}: ${signal} ${stderr}`);
            went_on += status === 0;
            driver.check(`${error} at call ${n}`);
        }
        t.diagnostic(`${refused} refused, of ${total} system calls; ${went_on} times all work was done`);
    });
}

// SPDX-License-Identifier: MIT
//
// Journal and store are killed at random moments while everything goes on at once, as fast as it can: publishing,
// sealing, days that end, clears, compactions, retention. Each start takes less than a second, and every
// acknowledged record is there once, in order, as it was written. By hand:
//
//     LOGMILL_ROUNDS=1000 tools/run-scenarios tests/crash/store_killed_at_random.test.mjs

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";
import { rounds } from "../lib/paths.mjs";
import { DRIVER, StoreDriver } from "../lib/store_driver.mjs";

const ROUNDS = rounds(20);
const LIFE_MS = 400;
const BATCHES = "600"; // some 9,000 records, 3 MB, between two ends of a file of the journal
const DURABILITIES = ["os", "interval", "always"];

/** Works for a random time; resolves with how it ended. */
function life(driver, durability) {
    const worker = spawn(DRIVER, ["work", driver.state, driver.ledger, "1000000", durability, BATCHES]);
    const timer = setTimeout(() => worker.kill("SIGKILL"), Math.random() * LIFE_MS);
    let stderr = "";
    worker.stderr.on("data", (text) => (stderr += text));
    return new Promise((resolve) =>
        worker.once("exit", (status, signal) => {
            clearTimeout(timer);
            resolve({ status, signal, stderr });
        }),
    );
}

/** One past the last id that was acknowledged. */
function ackedEnd(driver) {
    const last = readFileSync(driver.ledger, "utf8").match(/^(?:a \d+|e \d+) \d+$/gm)?.at(-1);
    return last ? Number(last.split(" ")[2]) : 1;
}

test(`${ROUNDS} kills at random moments while everything goes on`, { timeout: 60_000 + ROUNDS * 10_000 }, async (t) => {
    const driver = new StoreDriver(1);
    t.after(() => driver.remove());
    const opened = [];
    let acked = 0, busy_ms = 0, end = 1;
    for (let round = 1; round <= ROUNDS; round++) {
        const began = performance.now();
        const { signal, stderr } = await life(driver, DURABILITIES[round % DURABILITIES.length]);
        busy_ms += performance.now() - began;
        assert.equal(signal, "SIGKILL", stderr);
        acked += ackedEnd(driver) - end;
        const { status, stdout, stderr: why } = driver.run("check");
        assert.equal(status, 0, `kill ${round}: ${stdout}${why}`);
        opened.push(Number(/opened in ([\d.]+) ms/.exec(stdout)[1]));
        end = ackedEnd(driver);
    }
    opened.sort((a, b) => a - b);
    const median = opened[Math.floor(ROUNDS / 2)];
    t.diagnostic(`${ROUNDS} kills, ${acked} records acknowledged, ${Math.round((acked / busy_ms) * 1000)} a second; ` +
        `opened in ${median} ms (median), at most ${opened.at(-1)} ms`);
});

// SPDX-License-Identifier: MIT
//
// 100 kills at random moments, also while the hub starts and reads its journal. Not part of every
// test run; by hand: tools/run-scenarios tests/crash/*.test.mjs
//
// What a client has seen must be in the history for ever, under the same id; and in the end every
// line of every child is there once.

import assert from "node:assert/strict";
import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";

const ROUNDS = rounds(100);
const LONGEST_LIFE_MS = 400;
const STARTING_MS = 20; // a hub that starts reads its journal in about this time

function moment(ms) {
    return new Promise((resume) => setTimeout(resume, ms));
}

scenario(
    `${ROUNDS} kills at random moments: what was seen stays, and every line is there once`,
    async (s, t) => {
        const storm = await new Storm(s).begin();
        const { hub } = storm;
        for (let round = 1; round <= ROUNDS; round++) {
            await moment(Math.random() * LONGEST_LIFE_MS);
            await hub.kill();
            hub.launch();
            if (round % 3 === 0) {
                await moment(Math.random() * STARTING_MS);
                await hub.kill();
                hub.launch();
            }
            await hub.ready();
        }
        assert.deepEqual(await storm.runningPids(), storm.pids, "the same children, none doubled");
        await storm.blow(5000);
        await storm.end();
        t.diagnostic(`${ROUNDS} kills, ${storm.lines} lines`);
    },
    { timeout: 60_000 + ROUNDS * 10_000 },
);

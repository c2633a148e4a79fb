// SPDX-License-Identifier: MIT
//
// 100 kills at random moments, also while the hub starts and reads its journal. Not part of every
// test run; by hand: tools/run-scenarios tests/crash/*.test.mjs
// LOGMILL_RATE says how many lines a second five children write together.
//
// What a client has seen must be in the history for ever, under the same id; and in the end every
// line of every child is there once. Meanwhile records of another run are posted and cleared: what a clear was
// answered for stays gone, what was not cleared stays. Files of the journal get full and are sealed, daily files are
// rotated all the time.

import assert from "node:assert/strict";
import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";

const ROUNDS = rounds(100);
const NAMES = ["one", "two", "three", "four", "five"];
const RATE = Number(process.env.LOGMILL_RATE ?? 50_000);
const LONGEST_LIFE_MS = 400;
const STARTING_MS = 20; // a hub that starts reads its journal in about this time

const SETTINGS = { application: { sources: "all", max_size: "1MiB" } };

/** Records that are posted and cleared while the hub may die at any moment. */
class Clearing {
    posted = 0; // acknowledged since the last clear that was answered
    cleared = 0;
    sure = true; // no request was cut off since then

    constructor(hub) {
        this.hub = hub;
    }

    async step() {
        const body = Array.from({ length: 20 }, (_, i) => `{"message":"to be cleared ${i}","job_run_id":"passing"}`).join("\n");
        try {
            const posted = await this.hub.ask("/api/v1/logs", {}, { method: "POST", body });
            if (posted.status === 200) this.posted += 20;
            if (Math.random() < 0.5) return;
            const { status } = await this.hub.ask("/api/v1/logs", { job_run_id: "passing" }, { method: "DELETE" });
            assert.equal(status, 200);
            this.posted = 0;
            this.cleared++;
            this.sure = true;
        } catch (error) {
            if (error instanceof assert.AssertionError) throw error;
            this.sure = false; // nobody knows whether it was done
        }
    }

    async check() {
        const { count } = (await this.hub.ask("/api/v1/logs/count", { job_run_id: "passing" })).json;
        if (this.sure) assert.equal(count, this.posted);
    }
}

function moment(ms) {
    return new Promise((resume) => setTimeout(resume, ms));
}

scenario(
    `${ROUNDS} kills at random moments: what was seen stays, and every line is there once`,
    async (s, t) => {
        const storm = await new Storm(s, {
            names: NAMES,
            rate: RATE / NAMES.length,
            settings: SETTINGS,
            clears: true,
        }).begin();
        const { hub } = storm;
        const clearing = new Clearing(hub);
        const starts = []; // ms until it can be asked
        for (let round = 1; round <= ROUNDS; round++) {
            const step = clearing.step();
            await moment(Math.random() * LONGEST_LIFE_MS);
            await hub.kill();
            await step;
            hub.launch();
            if (round % 3 === 0) {
                await moment(Math.random() * STARTING_MS);
                await hub.kill();
                hub.launch();
            }
            const launched = performance.now();
            await hub.ready();
            starts.push(Math.round(performance.now() - launched));
            await clearing.check();
        }
        assert.deepEqual(await storm.runningPids(), storm.pids, "the same children, none doubled");
        await storm.blow(5000);
        await storm.end();
        starts.sort((a, b) => a - b);
        const median = starts[ROUNDS >> 1];
        t.diagnostic(
            `${ROUNDS} kills, ${storm.lines} lines, ${clearing.cleared} clears; ` +
                `started in ${median} ms (median), at most ${starts.at(-1)} ms`,
        );
    },
    { timeout: 60_000 + ROUNDS * 10_000 },
);

// SPDX-License-Identifier: MIT
//
// Every write and every sync of the state fails from some moment on, and works again later. Nothing that was
// acknowledged is lost, it is said what fails, and everything goes on by itself.

import assert from "node:assert/strict";
import { BadDisk } from "../lib/bad_disk.mjs";
import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const ROUNDS = rounds(1);
const REFUSALS = 12;

scenario(
    "with durability always nothing is acknowledged meanwhile, and no line is lost",
    async (s) => {
        const disk = new BadDisk(s);
        const storm = new Storm(s, { names: ["one", "two"], rate: 5000, settings: { durability: "always" } });
        storm.hub.env = { ...storm.hub.env, ...disk.env };
        await storm.begin();
        for (let round = 1; round <= ROUNDS; round++) {
            await storm.blow(1000);
            await disk.fail("EIO", 4);
            await storm.hub.process.says(/syncing the journal.*Input\/output error/i);
            disk.heal();
            await storm.blow(3000);
            await storm.interrupt((hub) => hub.kill());
        }
        await storm.end();
    },
    { timeout: 60_000 + ROUNDS * 20_000 },
);

/** Posts records until told to stop; which of them were acknowledged. */
class Poster {
    acknowledged = [];
    refused = 0;
    stopped = false;

    constructor(hub) {
        this.hub = hub;
        this.done = this.#post();
    }

    async #post() {
        const text = "x".repeat(1000);
        for (let i = 0; !this.stopped; i++) {
            const lines = Array.from({ length: 200 }, (_, k) => JSON.stringify({ message: `${i}.${k} ${text}` }));
            const answer = await this.hub.ask(LOGS, { source: "poster" }, { method: "POST", body: lines.join("\n") });
            assert.ok([200, 503, 507].includes(answer.status), answer.text);
            if (answer.status === 200) for (let k = 0; k < 200; k++) this.acknowledged.push(`${i}.${k}`);
            else this.refused++;
        }
    }

    end() {
        this.stopped = true;
        return this.done;
    }
}

async function stored(hub) {
    const rows = (await hub.ask(`${LOGS}/export`, { source: "poster" })).text.trimEnd().split("\n");
    return rows.map((row) => JSON.parse(row).message.split(" ")[0]);
}

for (const error of ["ENOSPC", "EIO"])
    scenario(
        `${error} for a while: what was acknowledged is there once, and storing and sealing go on`,
        async (s) => {
            const disk = new BadDisk(s);
            const hub = await s.hub({ env: disk.env, settings: { journal_max: "64MiB" } });
            const poster = new Poster(hub);
            for (let round = 1; round <= ROUNDS; round++) {
                const chunks = await hub.metric("store_chunks");
                await until("something sealed", async () => (await hub.metric("store_chunks")) > chunks, 30_000);
                await disk.fail(error, REFUSALS);
                const refused = poster.refused;
                await until("a request that is refused", () => poster.refused > refused, 30_000);
                assert.match(hub.process.stderr, error === "EIO" ? /Input\/output error/ : /No space left on device/);
                disk.heal();
                const before = poster.acknowledged.length;
                await until("requests that are taken again", () => poster.acknowledged.length > before + 1000);
            }
            await poster.end();
            await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0, 30_000);
            assert.deepEqual(await stored(hub), poster.acknowledged);
            await hub.kill();
            await hub.start();
            assert.deepEqual(await stored(hub), poster.acknowledged);
        },
        { timeout: 60_000 + ROUNDS * 60_000 },
    );

// SPDX-License-Identifier: MIT
//
// Clients that never read beside clients that do: LOGMILL_ROUNDS says how many never do.

import assert from "node:assert/strict";
import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const STALLED = rounds(40);
const READING = Math.ceil(STALLED / 4);

scenario(
    `${READING} reading and ${STALLED} stalled clients: memory is bounded, every line is accounted for`,
    async (s, t) => {
        const lag = 64;
        const hub = await s.hub({ settings: { client_lag: `${lag}KiB` } });
        const params = { source: "app" };
        const readers = [];
        const sleepers = [];
        for (let i = 0; i < READING; i++) readers.push(await s.websocket(hub, params));
        for (let i = 0; i < STALLED; i++) sleepers.push(await s.websocket(hub, params));
        for (const c of sleepers) c.socket.pause();
        const before = hub.memoryKb();
        const count = 20_000;
        const text = "x".repeat(150);
        for (let i = 0; i < count; i += 100) {
            const body = Array.from({ length: 100 }, (_, k) => JSON.stringify({ message: `${i + k} ${text}` })).join("\n");
            const headers = { "content-type": "application/x-ndjson" };
            const answer = await hub.get("/api/v1/logs", params, { method: "POST", headers, body });
            assert.equal(answer.status, 200);
            await until("the readers", () => readers.every((c) => c.count >= i + 100), 20_000);
        }
        const grown = hub.memoryKb() - before;
        assert.ok(grown < 2 * STALLED * lag + 16 * 1024, `${grown} kB for ${STALLED} stalled clients`);
        for (const c of readers) assert.deepEqual(c.notices, []);
        for (const c of sleepers) c.socket.resume();
        const told = (c) => c.notices.filter((n) => n.type === "dropped").reduce((sum, n) => sum + n.count, 0);
        for (const c of sleepers)
            await until(
                () => `all ${count}; ${c.count} shown, ${told(c)} dropped`,
                () => c.count + told(c) === count,
                20_000,
            );
        t.diagnostic(`${grown} kB more; ${told(sleepers[0])} of ${count} dropped for the first`);
    },
    { timeout: 120_000 + STALLED * 500 },
);

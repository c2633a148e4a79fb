// SPDX-License-Identifier: MIT
//
// Cut, and come back: clients are killed, connections are reset, a proxy ends what it takes for idle, the
// way is blocked until the client is too far behind, the hub is killed; all at random, while lines keep
// coming. What a client has shown and what it was told is missing, together, is what was published, and
// nothing was shown twice. LOGMILL_ROUNDS says how many cuts.

import assert from "node:assert/strict";
import { rounds } from "../lib/paths.mjs";
import { Proxy } from "../lib/proxy.mjs";
import { ResumingEventSource, ResumingSocketIo, ResumingTail, ResumingWebSocket } from "../lib/resuming.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";
import { until } from "../lib/wait.mjs";

const CUTS = rounds(40);
const SEED = Number(process.env.LOGMILL_SEED) || 20260115;
const JOB = "storm";
const PATIENCE_MS = 60_000;

/** Numbers that look random and are the same each time. */
function dice(seed) {
    let state = seed >>> 0;
    return (sides) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * sides);
    };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

scenario(
    `${CUTS} random cuts: shown and declared missing is what was published, nothing twice`,
    async (s, t) => {
        const throwDice = dice(SEED);
        const storm = new Storm(s, { names: ["one", "two"], rate: 1000, settings: { client_lag: "32KiB" } });
        const { hub } = storm;
        await hub.start();
        const proxy = await s.ready(new Proxy(hub));
        const params = { job_run_id: JOB };
        const clients = [
            new ResumingWebSocket(proxy, params),
            new ResumingWebSocket(proxy, params, true),
            new ResumingEventSource(proxy, params),
            new ResumingSocketIo(proxy, params),
            new ResumingSocketIo(proxy, params, { transports: ["polling"] }),
            new ResumingTail(hub, JOB, s.env),
        ];
        s.clients.push(...clients);
        storm.pids = await storm.runningPids();
        await until("everybody to see lines", () => clients.every((c) => c.ids.size > 0), PATIENCE_MS);

        const kinds = {
            async "a client is killed"() {
                clients[throwDice(clients.length)].cut();
            },
            async "connections are reset"() {
                proxy.reset();
            },
            async "a proxy ends connections"() {
                proxy.endAll();
            },
            async "the way is blocked"() {
                proxy.stall();
                await pause(50 + throwDice(300));
                proxy.flow();
            },
        };
        const done = {};
        for (let i = 0; i < CUTS; i++) {
            const names = Object.keys(kinds);
            const kill = throwDice(20) === 0;
            const name = kill ? "the hub is killed" : names[throwDice(names.length)];
            done[name] = (done[name] ?? 0) + 1;
            if (kill) {
                await hub.kill();
                await hub.start();
            } else await kinds[name]();
            await pause(throwDice(60));
        }

        for (const pid of storm.pids) process.kill(pid, "SIGTERM");
        for (const name of storm.names) await hub.processIn(name, "exited", PATIENCE_MS);
        storm.readTotals();
        const published = (await hub.history(JOB)).logs.map((r) => r.id);
        assert.equal(published.length, storm.lines + 2 * storm.names.length, "lines, totals and ends");
        for (const client of clients) {
            await until(
                () => `${client.name} to have or to be told of everything; it lacks ${client.unaccounted(published).length}`,
                () => client.unaccounted(published).length === 0,
                PATIENCE_MS,
            );
            assert.deepEqual(client.doubled, [], `${client.name}: nothing twice`);
            assert.deepEqual(client.disordered, [], `${client.name}: in order`);
            const missing = published.filter((id) => !client.ids.has(id)).length;
            t.diagnostic(
                `${client.name}: ${client.connections} connections, ${client.ids.size} records, ${missing} declared missing`,
            );
        }
        t.diagnostic(`${published.length} records; ${JSON.stringify(done)}`);
    },
    { timeout: 120_000 + CUTS * 1000 },
);

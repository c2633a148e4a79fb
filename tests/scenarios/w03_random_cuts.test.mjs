// SPDX-License-Identifier: MIT
//
// Cut, and come back: clients are killed, connections are reset, a proxy ends what it takes for idle, the
// way is blocked until a client is too far behind, clients sleep until what they missed is more than they
// are sent again, or has left the journal, the hub is killed; all at random, while lines keep coming. What
// a client has shown and what it was told is missing, together, is what was published, and nothing was
// shown twice. LOGMILL_ROUNDS says how many cuts, LOGMILL_SEED which.

import assert from "node:assert/strict";
import { rounds } from "../lib/paths.mjs";
import { Proxy } from "../lib/proxy.mjs";
import {
    ResumingEventSource,
    ResumingIpc,
    ResumingSocketIo,
    ResumingTail,
    ResumingWebSocket,
} from "../lib/resuming.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";
import { until } from "../lib/wait.mjs";

const CUTS = rounds(40);
const SEED = Number(process.env.LOGMILL_SEED) || 20260115;
const JOB = "storm";
const PATIENCE_MS = 60_000;
const RESUME_LIMIT = 3000;
// What pushes all that was written before out of the journal: eight newer files of 8 MiB are kept.
const FLOOD_LINES = 1400;
const FLOOD_TEXT = "x".repeat(60_000);

/** Numbers that look random and are the same each time. */
function dice(seed) {
    let state = seed >>> 0;
    return (sides) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * sides);
    };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function flood(hub) {
    for (let i = 0; i < FLOOD_LINES; i += 100) {
        const body = Array.from({ length: 100 }, (_, k) => JSON.stringify({ message: `${i + k} ${FLOOD_TEXT}` }));
        const answer = await hub.ask("/api/v1/logs", { source: "flood" }, { method: "POST", body: body.join("\n") });
        assert.equal(answer.status, 200, answer.text);
    }
}

/** What may happen, and how often, in 500. */
function misfortunes(hub, proxy, clients, throwDice) {
    const any = (list) => [...list][throwDice(list.size ?? list.length)];
    const sleeps = [];
    const anyAwake = () => any(clients.filter((c) => !c.sleeps));
    /** The client is cut now and comes back later; others are cut meanwhile. */
    function sleep(client, wakes) {
        client.sleeps = true;
        sleeps.push(client.sleepUntil(wakes).then(() => (client.sleeps = false)));
    }
    const kinds = [
        [150, "a client is killed", () => anyAwake().cut()],
        [150, "a connection is reset", () => proxy.pairs.size && proxy.reset([any(proxy.pairs)])],
        [150, "a proxy ends a connection", () => proxy.pairs.size && proxy.end([any(proxy.pairs)])],
        [10, "all connections are reset", () => proxy.reset()],
        [10, "a proxy ends all connections", () => proxy.end()],
        [
            18,
            "the way is blocked",
            async () => {
                proxy.stall();
                await pause(50 + throwDice(300));
                proxy.flow();
            },
        ],
        [4, "a client sleeps", () => sleep(anyAwake(), pause(500 + throwDice(4000)))],
        [1, "a client sleeps past the journal", () => sleep(anyAwake(), flood(hub))],
        [
            7,
            "the hub is killed",
            async () => {
                await hub.kill();
                await hub.start();
            },
        ],
    ];
    const done = Object.fromEntries(kinds.map(([, name]) => [name, 0]));
    async function happen([, name, act]) {
        if (name.includes("hub is killed")) await Promise.all(sleeps.splice(0)); // a flood needs one
        done[name]++;
        await act();
    }
    /** Each kind once, then as the dice fall. */
    async function strike(i) {
        let at = throwDice(500);
        const kind = kinds[i] ?? kinds.find(([often]) => (at -= often) < 0);
        await happen(kind);
    }
    return { strike, done, allAwake: () => Promise.all(sleeps) };
}

scenario(
    `${CUTS} random cuts: shown and declared missing is what was published, nothing twice`,
    async (s, t) => {
        const throwDice = dice(SEED);
        const settings = { client_lag: "32KiB", resume_limit: RESUME_LIMIT };
        const storm = new Storm(s, { names: ["one", "two"], rate: 1000, settings });
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
            new ResumingIpc(hub, params),
        ];
        s.clients.push(...clients);
        storm.pids = await storm.runningPids();
        await until("everybody to see lines", () => clients.every((c) => c.ids.size > 0), PATIENCE_MS);

        const { strike, done, allAwake } = misfortunes(hub, proxy, clients, throwDice);
        for (let i = 0; i < CUTS; i++) {
            await strike(i);
            await pause(throwDice(60));
        }
        await allAwake();

        for (const pid of storm.pids) process.kill(pid, "SIGTERM");
        for (const name of storm.names) await hub.processIn(name, "exited", PATIENCE_MS);
        storm.readTotals();
        const published = (await hub.history(JOB, { limit: 10_000 })).logs.map((r) => r.id);
        assert.equal(published.length, storm.lines + 2 * storm.names.length, "lines, totals and ends");
        for (const client of clients) {
            await until(
                () => `${client.name} to have or to be told of everything; it lacks ${client.unaccounted(published).length}`,
                () => client.unaccounted(published).length === 0,
                PATIENCE_MS,
            );
            assert.equal(client.doubled.length, 0, `${client.name}, nothing twice: ${client.trail.join("; ")}`);
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

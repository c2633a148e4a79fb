// SPDX-License-Identifier: MIT
//
// A client that stops reading costs the hub a bounded piece of memory and nobody else anything. When
// it reads again it is told exactly what it has missed, or, having asked to wait, gets it late.

import assert from "node:assert/strict";
import { ledgerOf } from "../lib/ledger.mjs";
import { program } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const RATE = 10_000;
const LINES = 25_000;
const MEMORY_KB = 24 * 1024; // how much the hub may grow; the lines alone are about 5 MB

const asSocket = { sleep: (c) => c.socket.pause(), wake: (c) => c.socket.resume() };
const asProcess = { sleep: (c) => c.process.signal("SIGSTOP"), wake: (c) => c.process.signal("SIGCONT") };

const DROPPERS = [
    { name: "WebSocket", ...asSocket, open: (s, hub) => s.websocket(hub, { source: "writer" }) },
    { name: "curl", ...asProcess, open: (s, hub) => s.curl(hub, { source: "writer" }) },
];

const WAITERS = [
    { name: "tail", ...asProcess, open: connectedTail },
    {
        name: "WebSocket with slow=wait",
        ...asSocket,
        open: (s, hub) => s.websocket(hub, { source: "writer", slow: "wait" }),
    },
];

async function connectedTail(s, hub) {
    const tail = s.tail(hub, ["--source", "writer"]);
    await until("tail to be connected", async () => (await hub.metric("clients_sse")) === 1);
    return tail;
}

/* The client sleeps from its first lines to the last one written, then reads to the end. */
async function sleepThrough(s, hub, { open, sleep, wake }) {
    const sleeper = await open(s, hub);
    // The test's own pauses must not make a slow client of the healthy one: it asks for less.
    const healthy = await s.websocket(hub, { source: "writer", search: "00 the" });
    const command = [program("writer"), String(RATE), String(LINES)];
    const writer = s.run(hub, ["--name", "writer", "--quiet"], command);
    await until("the first lines", () => sleeper.count > 0);
    const before = hub.memoryKb();

    sleep(sleeper);
    await writer.end(20_000);
    await healthy.record((r) => r.message.startsWith(`err ${LINES / 2} `));
    assert.ok(hub.memoryKb() - before < MEMORY_KB, `the hub grew by ${hub.memoryKb() - before} kB`);
    assert.equal(healthy.count, Math.floor(LINES / 100), "the healthy client has every line it asked for");
    assert.deepEqual(healthy.notices, []);

    wake(sleeper);
    await sleeper.record((r) => r.fields?.event === "exit", 20_000);
    return sleeper;
}

for (const way of DROPPERS)
    scenario(`${way.name} asleep at 10,000 lines a second: delivered + dropped = published`, async (s) => {
        const hub = await s.hub();
        const sleeper = await sleepThrough(s, hub, way);
        checkAccounts(sleeper);
        const dropped = sleeper.notices.reduce((sum, notice) => sum + notice.count, 0);
        assert.equal(await hub.metric("dropped_total"), dropped);
    });

for (const way of WAITERS)
    scenario(`${way.name} asleep at 10,000 lines a second: everything comes, late`, async (s) => {
        const hub = await s.hub();
        const sleeper = await sleepThrough(s, hub, way);
        assert.deepEqual(sleeper.notices, []);
        assert.equal(sleeper.count, LINES + 2);
        ledgerOf(way.name, sleeper.records).assertClean();
        assert.equal(await hub.metric("dropped_total"), 0);
    });

function checkAccounts(sleeper) {
    assert.ok(sleeper.notices.length > 0, "it was asleep for long enough to miss something");
    const ids = new Set(sleeper.ids);
    let dropped = 0;
    for (const notice of sleeper.notices) {
        assert.equal(notice.type, "dropped");
        assert.equal(notice.reason, "slow");
        assert.equal(
            Object.values(notice.levels).reduce((a, b) => a + b, 0),
            notice.count,
        );
        assert.match(notice.message, new RegExp(`^${notice.count} lines dropped`));
        assert.ok(notice.from <= notice.to);
        for (const id of [notice.from, notice.to]) assert.ok(!ids.has(id), `${id} was dropped, so not delivered`);
        dropped += notice.count;
    }
    // The writer's lines, its word about them, and its end.
    assert.equal(sleeper.count + dropped, LINES + 2, "delivered + dropped = published");
    assert.ok(
        sleeper.ids.every((id, i) => i === 0 || id > sleeper.ids[i - 1]),
        "ids rise",
    );
}

scenario("what was dropped can be fetched from the history by its place", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub, { source: "writer" });
    ws.socket.pause();
    const lines = 20_000;
    const writer = s.run(
        hub,
        ["--name", "writer", "--job", "1", "--quiet"],
        [program("writer"), "0", String(lines)],
    );
    await writer.end(20_000);
    ws.socket.resume();
    await ws.record((r) => r.fields?.event === "exit");
    const { from, count } = await ws.notice("dropped");
    const again = await s.curl(hub, { source: "writer", after: from - 1 });
    await again.record((r) => r.fields?.event === "exit");
    assert.equal(again.records[0].id, from);
    ledgerOf("what was fetched", again.records, { anywhere: true }).assertClean();
    assert.ok(again.count >= count);
});

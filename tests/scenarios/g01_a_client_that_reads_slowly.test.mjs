// SPDX-License-Identifier: MIT
//
// A client that stops reading costs the hub a bounded piece of memory and nobody else anything. When
// it reads again it is told exactly what it has missed.

import assert from "node:assert/strict";
import { Ledger } from "../lib/ledger.mjs";
import { program } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const RATE = 10_000;
const LINES = 25_000;
const MEMORY_KB = 24 * 1024; // how much the hub may grow; the lines alone are about 5 MB

const SLEEPERS = [
    {
        name: "WebSocket",
        open: (s, hub) => s.websocket(hub, { source: "writer" }),
        sleep: (client) => client.socket.pause(),
        wake: (client) => client.socket.resume(),
    },
    {
        name: "curl",
        open: (s, hub) => s.curl(hub, { source: "writer" }),
        sleep: (client) => client.process.signal("SIGSTOP"),
        wake: (client) => client.process.signal("SIGCONT"),
    },
    {
        name: "tail",
        open: (s, hub) => connectedTail(s, hub),
        sleep: (client) => client.process.signal("SIGSTOP"),
        wake: (client) => client.process.signal("SIGCONT"),
    },
];

async function connectedTail(s, hub) {
    const tail = s.tail(hub, ["--source", "writer"]);
    await until("tail to be connected", async () => (await hub.metric("clients_sse")) === 1);
    return tail;
}

for (const { name, open, sleep, wake } of SLEEPERS)
    scenario(`${name} asleep at 10,000 lines a second: delivered + dropped = published`, async (s) => {
        const hub = await s.hub();
        const sleeper = await open(s, hub);
        // The test's own pauses must not make a slow client of the healthy one: it asks for less.
        const healthy = await s.websocket(hub, { source: "writer", search: "00 the" });
        const writer = s.run(
            hub,
            ["--name", "writer", "--quiet"],
            [program("writer"), String(RATE), String(LINES)],
        );
        await until("the first lines", () => sleeper.count > 0);
        const before = hub.memoryKb();

        sleep(sleeper);
        await writer.end(20_000);
        await healthy.record((r) => /^err .*00 the/.test(r.message) && r.message.startsWith(`err ${LINES / 2} `));
        assert.ok(hub.memoryKb() - before < MEMORY_KB, `the hub grew by ${hub.memoryKb() - before} kB`);
        assert.equal(healthy.count, Math.floor(LINES / 100), "the healthy client has every line it asked for");
        assert.deepEqual(healthy.notices, []);

        wake(sleeper);
        await sleeper.record((r) => r.fields?.event === "exit", 20_000);
        checkAccounts(sleeper);
        const dropped = sleeper.notices.reduce((sum, notice) => sum + notice.count, 0);
        assert.equal(await hub.metric("dropped_total"), dropped);
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
    const ledger = new Ledger("what was fetched", { anywhere: true });
    for (const record of again.records) ledger.add(record);
    ledger.assertClean();
    assert.ok(again.count >= count);
});

// SPDX-License-Identifier: MIT
//
// Say what you have seen last, get what came after: each line once.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";

async function hubWithLines(s, n) {
    const hub = await s.hub();
    const ws = await s.websocket(hub, { source: "count" });
    await s.run(hub, ["--name", "count"], ["seq", "1", String(n)]).end();
    await ws.record((r) => r.fields?.event === "exit");
    return { hub, records: ws.records.filter((r) => r.stream === "stdout") };
}

function numbers(client) {
    return client.records.filter((r) => r.stream === "stdout").map((r) => Number(r.message));
}

function range(from, to) {
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/* A cursor of the same store for another id. */
function cursorAt(cursor, id) {
    const [, epoch] = /^([0-9a-f]{8})\.\d+$/.exec(cursor);
    return `${epoch}.${id}`;
}

scenario("after= takes a cursor or a bare id, on every transport", async (s) => {
    const { hub, records } = await hubWithLines(s, 100);
    const curl = await s.curl(hub, { source: "count", stream: "stdout", after: records[39].id });
    await curl.record("100");
    assert.deepEqual(numbers(curl), range(41, 100));
    const cursor = cursorAt(curl.cursor, records[59].id);
    const clients = [
        await s.websocket(hub, { source: "count", after: cursor }),
        await s.eventSource(hub, { source: "count", after: cursor }),
        s.tail(hub, ["--source", "count", "--after", cursor]),
    ];
    for (const client of clients) {
        await client.record("100");
        assert.deepEqual(numbers(client), range(61, 100), client.name);
        assert.deepEqual(client.notices, []);
    }
});

scenario("Last-Event-ID goes before the after= and tail= of a repeated URL", async (s) => {
    const { hub, records } = await hubWithLines(s, 100);
    const first = await s.curl(hub, { source: "count", tail: "1" });
    await first.record((r) => r.fields?.event === "exit");
    const cursor = cursorAt(first.cursor, records[89].id);
    const params = { source: "count", stream: "stdout", after: "0", tail: "50" };
    const again = await s.curl(hub, params, { headers: { "Last-Event-ID": cursor } });
    await again.record("100");
    assert.deepEqual(numbers(again), range(91, 100));
});

scenario("a cursor of another store gives a declared gap, and then what comes", async (s) => {
    const { hub } = await hubWithLines(s, 5);
    const params = { source: "count", after: "00000000.3" };
    const clients = [await s.websocket(hub, params), await s.eventSource(hub, params)];
    for (const client of clients) {
        const gap = await client.notice("gap");
        assert.equal(gap.reason, "epoch");
        assert.equal(gap.stream, "system");
        assert.ok(gap.message && gap.timestamp);
    }
    await s.run(hub, ["--name", "count"], ["echo", "6"]).end();
    for (const client of clients) {
        await client.record("6");
        assert.deepEqual(numbers(client), [6]);
    }
});

scenario("EventSource and tail resume by themselves when the hub comes back", async (s) => {
    const hub = await s.hub();
    const clients = [
        await s.eventSource(hub, { source: "count" }),
        s.tail(hub, ["--source", "count", "--after", "0"]),
        await s.websocket(hub, { source: "count" }, { resume: true }),
    ];
    await s.run(hub, ["--name", "count"], ["seq", "1", "10"]).end();
    for (const client of clients) await client.record("10");
    await hub.stop();
    await hub.start();
    await s.run(hub, ["--name", "count"], ["seq", "11", "20"]).end();
    for (const client of clients) {
        await client.record("20");
        assert.deepEqual(numbers(client), range(1, 20), client.name);
        assert.deepEqual(client.notices, []);
    }
});

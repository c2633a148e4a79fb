// SPDX-License-Identifier: MIT
//
// A client that asks for the past while lines keep coming changes over to the present without a seam:
// nothing is missing there, nothing comes twice.

import assert from "node:assert/strict";
import { Ledger } from "../lib/ledger.mjs";
import { program, rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const RATE = 10_000;
const WAVES = rounds(5);
const LINES = RATE + WAVES * RATE * 0.3;

/* Each joins somewhere else: at the very beginning, in the recent past, at the last id seen. */
const WAYS = [
    (s, hub) => s.websocket(hub, { source: "writer", after: "0" }),
    (s, hub) => s.eventSource(hub, { source: "writer", after: "0" }),
    (s, hub) => s.websocket(hub, { source: "writer", tail: "5000" }),
    (s, hub, watcher) => s.curl(hub, { source: "writer", after: watcher.lastId }),
    (s, hub) => s.tail(hub, ["--source", "writer", "--tail", "2000"]),
];

scenario("clients that join a stream of 10,000 lines a second see no seam", async (s) => {
    const hub = await s.hub({ settings: { client_lag: "8MiB" } });
    const watcher = await s.websocket(hub, { source: "writer" });
    watch(watcher, false);
    const run = s.run(hub, ["--name", "writer", "--quiet"], [program("writer"), String(RATE), String(LINES)]);

    const joined = [];
    for (let wave = 1; wave <= WAVES; wave++) {
        await until("the writer to go on", () => watcher.count > wave * RATE * 0.25);
        const client = await WAYS[wave % WAYS.length](s, hub, watcher);
        joined.push(client);
        watch(client, wave % WAYS.length > 1);
    }
    await run.end(30_000);
    for (const client of [watcher, ...joined]) {
        await until(() => `${client.name} to reach the end (${client.count})`, () => client.ended);
        client.ledger.assertClean();
        assert.deepEqual(client.notices, [], client.name);
        assert.equal(client.ledger.last("writer", "out") + client.ledger.last("writer", "err"), LINES);
    }
    assert.equal(watcher.ledger.total, LINES);
    assert.equal(joined.find((c) => !c.ledger.anywhere).ledger.total, LINES, "after=0 gives all");
});

/* Clients are watched from before their first record on. */
function watch(client, anywhere) {
    client.ledger = new Ledger(client.name, { anywhere });
    for (const record of client.records.splice(0)) client.ledger.add(record);
    client.onRecord = (record) => {
        client.ledger.add(record);
        client.ended ||= record.fields?.event === "exit";
    };
}

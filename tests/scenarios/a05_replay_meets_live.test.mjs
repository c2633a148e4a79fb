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

/* Each joins somewhere else, and so its books begin elsewhere. */
const WAYS = [
    {
        open: (s, hub) => s.websocket(hub, { source: "writer", after: "0" }),
        begins: () => new Ledger("from the beginning"),
    },
    {
        open: (s, hub) => s.eventSource(hub, { source: "writer", after: "0" }),
        begins: () => new Ledger("from the beginning"),
    },
    { open: (s, hub) => s.websocket(hub, { source: "writer", tail: "5000" }), begins: anywhere },
    { open: (s, hub) => s.tail(hub, ["--source", "writer", "--tail", "2000"]), begins: anywhere },
    {
        open: (s, hub, watcher) => s.curl(hub, { source: "writer", after: watcher.lastId }),
        begins: (watcher) => watcher.ledger.copy("from the last seen"),
    },
];

function anywhere() {
    return new Ledger("from the recent past", { anywhere: true });
}

scenario("clients that join a stream of 10,000 lines a second see no seam", async (s) => {
    const hub = await s.hub({ settings: { client_lag: "8MiB" } });
    const watcher = await s.websocket(hub, { source: "writer" });
    watch(watcher, new Ledger("there from the start"));
    const run = s.run(hub, ["--name", "writer", "--quiet"], [program("writer"), String(RATE), String(LINES)]);

    const joined = [];
    for (let wave = 0; wave < WAVES; wave++) {
        await until("the writer to go on", () => watcher.count > (wave + 1) * RATE * 0.25);
        const { open, begins } = WAYS[wave % WAYS.length];
        const ledger = begins(watcher);
        const client = await open(s, hub, watcher);
        watch(client, ledger);
        joined.push(client);
    }
    await run.end(30_000);
    for (const client of [watcher, ...joined]) {
        await until(
            () => `${client.name} to reach the end (${client.count})`,
            () => client.ended,
        );
        client.ledger.assertClean();
        assert.deepEqual(client.notices, [], client.name);
        assert.equal(client.ledger.last("writer", "out") + client.ledger.last("writer", "err"), LINES);
    }
});

/* Keeps the books of a client from its first record on. */
function watch(client, ledger) {
    client.ledger = ledger;
    client.onRecord = (record) => {
        ledger.add(record);
        client.ended ||= record.fields?.event === "exit";
    };
    for (const record of client.records.splice(0)) client.onRecord(record);
}

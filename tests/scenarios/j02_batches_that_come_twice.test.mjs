// SPDX-License-Identifier: MIT
//
// X-Logmill-Batch: a client that did not hear the answer sends the batch again, to the same hub or to
// the next, and nothing is stored twice or lost.

import assert from "node:assert/strict";
import http from "node:http";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

function post(hub, key, body) {
    return hub.get("/api/v1/logs", { source: "batch" }, { method: "POST", body, headers: { "x-logmill-batch": key } });
}

const total = async (hub) => (await hub.get("/api/v1/logs", { source: "batch", limit: 1 })).json.pagination.total;

for (const durability of ["interval", "always"])
    scenario(`the same key is stored once, also after kill -9 (durability: ${durability})`, async (s) => {
        const hub = await s.hub({ settings: { durability } });
        const body = '[{"message":"a"},{"oops":1},{"message":"b"}]';
        const first = await post(hub, "key", body);
        assert.equal(first.status, 200);
        assert.equal(first.json.accepted, 2);
        assert.deepEqual((await post(hub, "key", body)).json, first.json);
        await hub.kill();
        await hub.start();
        assert.deepEqual((await post(hub, "key", body)).json, first.json);
        assert.equal((await post(hub, "another key", body)).json.accepted, 2);
        assert.equal(await total(hub), 4);
        await hub.stop();
        await hub.start();
        assert.deepEqual((await post(hub, "key", body)).json, first.json);
        assert.equal(await total(hub), 4);
        assert.equal(await hub.metric("push_repeated_total"), 1);
    });

/* Sends the head and half of the body, and goes on when it is told to. */
function half(hub, key, body) {
    const req = http.request({
        host: "127.0.0.1", port: hub.port, method: "POST", path: "/api/v1/logs?source=batch", agent: false,
        headers: { "x-logmill-batch": key, "content-type": "application/x-ndjson", "content-length": body.length },
    });
    req.on("error", () => {});
    req.write(body.subarray(0, body.length / 2));
    return req;
}

scenario("a batch of many frames goes on behind what a killed hub has kept", async (s) => {
    const hub = await s.hub();
    const body = Buffer.from(Array.from({ length: 100000 }, (_, i) => `{"message":"line ${i}"}\n`).join(""));
    const req = half(hub, "large", body);
    await until("some frames", async () => (await total(hub)) > 0);
    await hub.kill();
    req.destroy();
    await hub.start();
    const kept = await total(hub);
    assert.ok(kept > 0 && kept < 100000, `${kept} were kept`);
    assert.equal((await post(hub, "large", body)).json.accepted, 100000);
    assert.equal(await total(hub), 100000);
    const seen = new Set();
    for (let offset = 0; offset < 100000; offset += 10000) {
        const page = await hub.get("/api/v1/logs", { source: "batch", limit: 10000, offset });
        for (const r of page.json.logs) seen.add(r.message);
    }
    assert.equal(seen.size, 100000);
});

scenario("a second attempt while the first is being read is put off", async (s) => {
    const hub = await s.hub();
    const body = Buffer.from('{"message":"a"}\n{"message":"b"}\n');
    const req = half(hub, "k", body);
    await until("the first to be read", async () => (await hub.metric("push_bytes")) > 0);
    const second = await post(hub, "k", body);
    assert.equal(second.status, 503);
    assert.equal(second.headers["retry-after"], "1");
    req.destroy();
    await until("the first to be forgotten", async () => (await post(hub, "k", body)).status === 200);
    assert.equal(await total(hub), 2);
});

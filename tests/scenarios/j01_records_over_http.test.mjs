// SPDX-License-Identifier: MIT
//
// POST /api/v1/logs: whatever shape and packing, records arrive as they were meant; what cannot be a
// record is named; limits have their statuses.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { scenario } from "../lib/scenario.mjs";

const LOGS = "/api/v1/logs";
const NDJSON = { "content-type": "application/x-ndjson" };

function post(hub, body, headers = {}, params = {}) {
    return hub.get(LOGS, params, { method: "POST", body, headers });
}

async function records(hub, params) {
    return (await hub.get(LOGS, { limit: 10000, ...params })).json.logs.reverse();
}

const messages = async (hub, params) => (await records(hub, params)).map((r) => r.message);

/* curl, with its answer and status. */
function curl(s, hub, args) {
    const out = execFileSync("curl", ["-sS", "-w", "\n%{http_code}", ...args, hub.url + LOGS], { env: s.env });
    const [, text, status] = /^(.*)\n(\d+)$/s.exec(out.toString());
    return { status: Number(status), json: JSON.parse(text) };
}

scenario("limits: too large, too well packed, packed otherwise, not packed at all", async (s) => {
    const hub = await s.hub({ settings: { body_max: "1MiB" } });
    const big = Buffer.alloc(1024 * 1024 + 1, "x");
    assert.equal((await post(hub, big)).status, 413);
    const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024));
    assert.equal((await post(hub, bomb, { "content-encoding": "gzip" })).status, 413);
    assert.equal((await post(hub, "x", { "content-encoding": "gzip" })).status, 400);
    const odd = await post(hub, "x", { "content-encoding": "br" });
    assert.equal(odd.status, 415);
    assert.equal(odd.headers["accept-encoding"], "gzip, zstd");
    assert.ok((await hub.metric("push_bytes")) === 0);
    assert.deepEqual((await post(hub, '{"message":"fine"}')).json, { accepted: 1, rejected: [], rejected_total: 0 });
});

scenario("a bomb costs no memory", async (s) => {
    const hub = await s.hub();
    const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024));
    const before = hub.memoryKb();
    for (let i = 0; i < 5; i++) assert.equal((await post(hub, bomb, { "content-encoding": "gzip" })).status, 413);
    assert.ok(hub.memoryKb() - before < 64 * 1024, `${before} kB became ${hub.memoryKb()} kB`);
});

scenario("what cannot be a record is named with its place; nothing at all is 400", async (s) => {
    const hub = await s.hub();
    const answer = await post(hub, '{"message":"a"}\n{"message":"b"\n\n{"level":"info"}\n{"message":"c"}', NDJSON);
    assert.equal(answer.status, 200);
    assert.equal(answer.json.accepted, 2);
    assert.deepEqual(answer.json.rejected.map((r) => r.index), [1, 2]);
    assert.match(answer.json.rejected[1].reason, /^no message/);
    const none = await post(hub, "hello\nworld\n");
    assert.equal(none.status, 400);
    assert.equal(none.json.error.code, "no_records");
    assert.equal(none.json.error.details.rejected_total, 2);
    assert.equal((await post(hub, "")).status, 400);
    assert.equal((await post(hub, "[]")).status, 200);
    assert.deepEqual(await messages(hub, { source: "http" }), ["a", "c"]);
});

scenario("parameters that nobody knows are refused", async (s) => {
    const hub = await s.hub();
    assert.equal((await post(hub, "{}", {}, { sorce: "x" })).status, 400);
    assert.equal((await post(hub, "{}", { "x-logmill-batch": "k".repeat(129) })).status, 400);
});

scenario("a page of somebody else may not post", async (s) => {
    const hub = await s.hub();
    for (const origin of ["http://evil.example", "null"])
        assert.equal((await post(hub, '{"message":"x"}', { origin, "content-type": "text/plain" })).status, 403);
    assert.equal((await post(hub, '{"message":"x"}', { origin: hub.url })).status, 200);
});

scenario("without the right to write the body is not asked for", async (s) => {
    const hub = await s.hub({ settings: { auth: { loopback: "none" } } });
    assert.equal((await post(hub, '{"message":"x"}')).status, 401);
    const local = await hub.ask(LOGS, {}, { method: "POST", body: '{"message":"x"}' });
    assert.equal(local.status, 200);
});

scenario("a source over its limit gets 429, others do not", async (s) => {
    const hub = await s.hub({ settings: { push_rate_limit: 100 } });
    const many = Array.from({ length: 1000 }, (_, i) => ({ message: `${i}` }));
    assert.equal((await post(hub, JSON.stringify(many), {}, { source: "loud" })).status, 200);
    const refused = await post(hub, '{"message":"more"}', {}, { source: "loud" });
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers["retry-after"]) >= 8 && Number(refused.headers["retry-after"]) <= 10);
    assert.equal((await post(hub, '{"message":"calm"}', {}, { source: "calm" })).status, 200);
    assert.equal(await hub.metric("push_limited_total"), 1);
    assert.deepEqual(await messages(hub, { source: "loud", search: "more" }), []);
    const own = await records(hub, { source: "logmill", level: "warn" });
    assert.match(own[0].message, /loud is over push_rate_limit/);
});

scenario("one object, an array and lines are the same thing, live and kept", async (s) => {
    const hub = await s.hub();
    const live = await s.websocket(hub);
    const shapes = [
        '{"message":"a"}',
        '{\n  "message": "b",\n  "more": {\n    "n": 1\n  }\n}\n',
        '[{"message":"c"},\n {"message":"d"}]',
        '{"message":"e"}\n{"message":"f"}\n',
    ];
    for (const shape of shapes) {
        const answer = await fetch(hub.url + LOGS, { method: "POST", body: shape });
        assert.equal(answer.status, 200, shape);
    }
    await live.record("f");
    assert.deepEqual(live.messages.filter((m) => m.length === 1), ["a", "b", "c", "d", "e", "f"]);
    assert.deepEqual(await messages(hub, { source: "http" }), ["a", "b", "c", "d", "e", "f"]);
    assert.deepEqual((await records(hub, { search: "b", source: "http" }))[0].fields, { more: { n: 1 } });
});

scenario("every member finds its place", async (s) => {
    const hub = await s.hub();
    const record = {
        timestamp: "2026-01-02T03:04:05.123456+01:00",
        level: "WARNING",
        stream: "stderr",
        source: "shop",
        message: "päid\n\u{1F4B0}",
        jobRunId: "j1",
        task_run_id: "t1",
        campaignId: 7,
        labels: { zone: "eu", "Not A Name": "x", long: "v".repeat(300) },
        fields: { amount: 12.5 },
        cart: [1, { two: 2 }],
    };
    assert.equal((await post(hub, JSON.stringify(record))).status, 200);
    const [kept] = await records(hub, { source: "shop" });
    assert.equal(typeof kept.id, "number");
    delete kept.id;
    assert.deepEqual(kept, {
        timestamp: "2026-01-02T02:04:05.123456Z",
        level: "warn",
        stream: "stderr",
        source: "shop",
        message: record.message,
        job_run_id: "j1",
        task_run_id: "t1",
        campaign_id: "7",
        zone: "eu",
        fields: { "Not A Name": "x", long: "v".repeat(300), amount: 12.5, cart: [1, { two: 2 }] },
    });
    assert.equal(await hub.metric("labels_moved_total"), 2);
});

scenario("the source is the record's, the parameter's, the header's, or http", async (s) => {
    const hub = await s.hub();
    const body = '[{"message":"own","source":"a"},{"message":"not"}]';
    await post(hub, body, { "x-logmill-source": "c" }, { source: "b b" });
    await post(hub, body, { "x-logmill-source": "c" });
    await post(hub, body);
    const found = (await records(hub, { stream: "stdout" })).map((r) => r.source);
    assert.deepEqual(found, ["a", "b b", "a", "c", "a", "http"]);
});

scenario("curl sends chunks, expects to go on, and packs with gzip and zstd", async (s) => {
    const hub = await s.hub();
    const lines = Array.from({ length: 20000 }, (_, i) => `{"message":"line ${i}","n":${i}}`).join("\n");
    const file = s.path("lines.ndjson");
    writeFileSync(file, lines);
    writeFileSync(`${file}.gz`, gzipSync(lines));
    execFileSync("zstd", ["-q", file], { env: s.env });
    const chunked = ["-H", "transfer-encoding: chunked", "-H", "expect: 100-continue"];
    for (const [name, ...headers] of [
        [file],
        [file, ...chunked],
        [`${file}.gz`, "-H", "content-encoding: gzip"],
        [`${file}.gz`, "-H", "content-encoding: gzip", ...chunked],
        [`${file}.zst`, "-H", "content-encoding: zstd"],
        [`${file}.zst`, "-H", "content-encoding: zstd", ...chunked],
    ]) {
        const answer = curl(s, hub, ["--data-binary", `@${name}`, ...headers]);
        assert.deepEqual(answer, { status: 200, json: { accepted: 20000, rejected: [], rejected_total: 0 } });
    }
    assert.equal(await hub.metric("push_accepted_total"), 120000);
    assert.equal((await hub.get(LOGS, { search: "line 19999" })).json.pagination.total, 6);
});

scenario("large bodies do not hold up live lines", async (s) => {
    const hub = await s.hub();
    const live = await s.websocket(hub, { source: "quick" });
    const line = `{"message":"${"x".repeat(180)}"}\n`;
    const big = Buffer.from(line.repeat(300000)); // 57 MB
    const uploads = [0, 1].map(() => post(hub, big, NDJSON));
    let worst = 0;
    let open = true;
    Promise.all(uploads).then(() => (open = false));
    for (let i = 0; open; i++) {
        const start = performance.now();
        await post(hub, `{"message":"q${i}"}`, {}, { source: "quick" });
        await live.record(`q${i}`);
        worst = Math.max(worst, performance.now() - start);
    }
    for (const answer of await Promise.all(uploads)) assert.equal(answer.json.accepted, 300000);
    assert.ok(worst < 1000, `a line took ${worst} ms`);
});

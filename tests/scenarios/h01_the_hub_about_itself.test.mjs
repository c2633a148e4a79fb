// SPDX-License-Identifier: MIT
//
// Health, status, metrics, processes, and the hub's own records: what it says of itself is true.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

function status(hub) {
    return hub.get("/api/v1/logs/stream/status").then((answer) => answer.json);
}

scenario("healthz and readyz say yes", async (s) => {
    const hub = await s.hub();
    assert.deepEqual((await hub.get("/healthz")).json, { status: "ok" });
    assert.deepEqual((await hub.get("/readyz")).json, { status: "ready" });
});

scenario("the status counts clients by transport and job", async (s) => {
    const hub = await s.hub();
    assert.deepEqual(await status(hub), {
        status: "active",
        connections: { global: { websocket: 0, sse: 0 }, jobs: {} },
    });
    const clients = [
        await s.websocket(hub),
        await s.websocket(hub, { job_run_id: "a" }),
        await s.websocket(hub, { job_run_id: "a", level: "warn" }),
        await s.eventSource(hub, { job_run_id: "a" }),
        await s.curl(hub, { job_run_id: 'with "quotes"' }),
    ];
    const all = {
        status: "active",
        connections: {
            global: { websocket: 1, sse: 0 },
            jobs: { a: { websocket: 2, sse: 1 }, 'with "quotes"': { websocket: 0, sse: 1 } },
        },
    };
    assert.deepEqual(await status(hub), all);
    assert.equal(await hub.metric("clients_websocket"), 3);
    assert.equal(await hub.metric("clients_sse"), 2);
    for (const client of clients) await client.close();
    await until("all to be gone", async () => Object.keys((await status(hub)).connections.jobs).length === 0);
});

/* The text format of Prometheus: comments, and samples of what the comments announced. */
function parseMetrics(text) {
    const types = new Map();
    const samples = new Map();
    for (const line of text.trimEnd().split("\n")) {
        const comment = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line);
        if (comment) {
            if (comment[1] === "TYPE") types.set(comment[2], comment[3]);
            continue;
        }
        const sample = /^(\w+)(\{(?:level|process|le)="[\w.+-]+"\})? ([\d.]+)$/.exec(line);
        assert.ok(sample, `a line that is neither comment nor sample: ${line}`);
        const family = types.has(sample[1]) ? sample[1] : sample[1].replace(/_(bucket|sum|count)$/, "");
        assert.ok(types.has(family), `${sample[1]} was announced`);
        if (family !== sample[1]) assert.equal(types.get(family), "histogram");
        assert.ok(!samples.has(sample[1] + (sample[2] ?? "")), `${line} stands there once`);
        samples.set(sample[1] + (sample[2] ?? ""), Number(sample[3]));
    }
    return { types, samples };
}

scenario("metrics can be parsed, and count what happened", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub, { source: "count" });
    await s.run(hub, ["--name", "count"], ["sh", "-c", "seq 1 100; echo WARN: x; printf '\\377\\n'"]).end();
    await ws.record((r) => r.fields?.event === "exit");
    const answer = await hub.get("/metrics");
    assert.equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    const { types, samples } = parseMetrics(answer.text);
    for (const [name, type] of types) assert.equal(type === "counter", name.endsWith("_total"), name);
    const own = (await hub.get("/api/v1/logs", { source: "logmill" })).json.logs.length;
    assert.equal(samples.get("logmill_records_total"), 103 + own);
    assert.equal(samples.get('logmill_records_by_level_total{level="warn"}'), 1);
    assert.equal(samples.get("logmill_delivered_total"), 103);
    assert.equal(samples.get("logmill_delivery_seconds_count"), 103);
    assert.equal(samples.get('logmill_delivery_seconds_bucket{le="+Inf"}'), 103);
    assert.equal(samples.get("logmill_lines_invalid_utf8_total"), 1);
    assert.equal(samples.get("logmill_clients_websocket"), 1);
    assert.equal(samples.get("logmill_dropped_total"), 0);
    assert.ok(samples.get("logmill_journal_bytes_total") > 0);
    const answered = samples.get("logmill_http_requests_total");
    const errors = samples.get("logmill_http_errors_total");
    await hub.get("/nowhere");
    await hub.get("/healthz");
    const { samples: later } = parseMetrics((await hub.get("/metrics")).text);
    // This request itself is counted when it is answered; the one before it, two and a list in between.
    assert.equal(later.get("logmill_http_requests_total"), answered + 4);
    assert.equal(later.get("logmill_http_errors_total"), errors + 1);
});

scenario("processes are listed with state, pid and file; the console names each file", async (s) => {
    const hub = await s.hub({
        processes: {
            steady: { command: "sleep 60", labels: { job_run_id: "1" } },
            done: { command: ["sh", "-c", "exit 0"] },
            failed: { command: ["sh", "-c", "exit 3"] },
        },
    });
    const steady = await hub.processIn("steady", "running");
    assert.ok(steady.pid > 0 && steady.configured);
    assert.match(steady.started_at, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.ok(steady.log_file.endsWith("/steady.log"));
    assert.equal((await hub.processIn("done", "exited")).reason, "ended with code 0");
    assert.equal((await hub.processIn("failed", "disconnected")).reason, "ended with code 3");
    await hub.process.says(/📁 Process steady logging to: .*\/steady\.log/);
    assert.ok(!hub.process.stderr.includes("exited"), "the console prints only the hub's own events");
});

scenario("the number of processes is among the metrics", async (s) => {
    const hub = await s.hub({ processes: { a: { command: "sleep 60" }, b: { command: "sleep 60" } } });
    await hub.processIn("a", "running");
    await hub.processIn("b", "running");
    assert.equal(await hub.metric("keepers"), 2);
    assert.equal(await hub.metric("processes"), 2);
});

scenario("pages of history do not shift while lines keep coming", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "count", "--job", "1"], ["seq", "1", "1000"]).end();
    const first = (await hub.get("/api/v1/logs", { job_run_id: "1", limit: 100 })).json;
    assert.equal(first.logs[0].message, "exited with code 0");
    assert.equal(first.pagination.total, 1001);
    await s.run(hub, ["--name", "count", "--job", "1"], ["seq", "1001", "1500"]).end();
    const second = (
        await hub.get("/api/v1/logs", {
            job_run_id: "1",
            limit: 100,
            offset: 100,
            cursor: first.pagination.cursor,
        })
    ).json;
    assert.equal(second.pagination.total, 1001);
    assert.equal(second.logs[0].id, first.logs[99].id - 1);
    const future = (await hub.get("/api/v1/logs", { cursor: "999999999" })).json;
    assert.match(
        future.pagination.cursor,
        new RegExp(`\\.${future.logs[0].id}$`),
        "no snapshot lies in the future",
    );
    const { logs, total } = await hub.history("1", { limit: 77 });
    assert.equal(total, 1502);
    assert.deepEqual(
        logs.filter((r) => r.stream === "stdout").map((r) => Number(r.message)),
        Array.from({ length: 1500 }, (_, i) => i + 1),
    );
});

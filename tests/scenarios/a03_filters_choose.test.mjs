// SPDX-License-Identifier: MIT
//
// One filter for everything: the same parameters give the same lines live, in replay and in history.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

/* Three processes, two jobs. */
const CAST = [
    {
        flags: ["--name", "web", "--job", "1", "--task", "t1"],
        script: "echo 'GET /a'; echo 'WARN: slow'; echo bad >&2",
    },
    {
        flags: ["--name", "db", "--job", "1", "--label", "campaign_id=c9"],
        script: "echo 'SELECT 1'; echo 'ERROR: Deadlock found'",
    },
    { flags: ["--name", "web", "--job", "2"], script: "echo 'GET /b'; echo 'DEBUG: cache deadlock check'" },
];

const CASES = [
    [{ job_run_id: "1" }, ["GET /a", "WARN: slow", "bad", "SELECT 1", "ERROR: Deadlock found"]],
    [{ task_run_id: "t1" }, ["GET /a", "WARN: slow", "bad"]],
    [{ campaign_id: "c9" }, ["SELECT 1", "ERROR: Deadlock found"]],
    [{ source: "web" }, ["GET /a", "WARN: slow", "bad", "GET /b", "DEBUG: cache deadlock check"]],
    [{ source: "web", job_run_id: "2" }, ["GET /b", "DEBUG: cache deadlock check"]],
    [{ process_id: "db" }, ["SELECT 1", "ERROR: Deadlock found"]],
    [{ level: "warn" }, ["WARN: slow", "bad", "ERROR: Deadlock found"]],
    [{ level: "error", stream: "stdout" }, ["ERROR: Deadlock found"]],
    [{ stream: "stderr" }, ["bad"]],
    [{ search: "DEADLOCK" }, ["ERROR: Deadlock found", "DEBUG: cache deadlock check"]],
    [{ search: "get /", job_run_id: "2" }, ["GET /b"]],
    [{ source: "nobody" }, []],
    [{ q: "deadlock OR slow" }, ["ERROR: Deadlock found", "DEBUG: cache deadlock check", "WARN: slow"]],
    [{ q: "level>=warn -deadlock", job_run_id: "1" }, ["WARN: slow", "bad"]],
    [{ q: "source:web (/^get \\/[a-z]$/i OR level<info)" }, ["GET /a", "GET /b", "DEBUG: cache deadlock check"]],
    [{ q: "campaign_id:c8,c9 -stream:system \"SELECT 1\"" }, ["SELECT 1"]],
    [{ q: "timestamp>5m task_run_id:~^t" }, ["GET /a", "WARN: slow", "bad"]],
    [{ q: "source:db OR source:nobody", search: "e" }, ["SELECT 1", "ERROR: Deadlock found"]],
];

/* The children's own lines, without those the hub and the keepers add; by name, as two pipes and three
 * processes have no order among each other. */
function spoken(records) {
    return records
        .filter((r) => r.stream !== "system")
        .map((r) => r.message)
        .sort();
}

scenario("live, replayed and from history, a filter chooses the same lines", async (s) => {
    const hub = await s.hub();
    const live = [];
    for (const [params] of CASES) live.push(await s.websocket(hub, params));
    const all = await s.websocket(hub);
    for (const { flags, script } of CAST) await s.run(hub, flags, ["sh", "-c", script]).end();
    await s.run(hub, ["--name", "last"], ["true"]).end();
    await all.record((r) => r.source === "last" && r.fields?.event === "exit");

    for (const [i, [params, lines]] of CASES.entries()) {
        const what = JSON.stringify(params);
        const wanted = [...lines].sort();
        const history = await hub.get("/api/v1/logs", { ...params, order: "asc" });
        const replayed = await s.curl(hub, { ...params, after: "0" });
        if (wanted.length) await replayed.record(history.json.logs.at(-1).message);

        assert.deepEqual(spoken(live[i].records), wanted, `live ${what}`);
        assert.deepEqual(spoken(replayed.records), wanted, `replayed ${what}`);
        assert.deepEqual(spoken(history.json.logs), wanted, `history ${what}`);
        assert.equal(history.json.pagination.total, history.json.logs.length);
    }
});

scenario("tail=N gives the last N lines that match, then what comes", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "count", "--job", "1"], ["seq", "1", "50"]).end();
    await s.run(hub, ["--name", "noise"], ["seq", "1000", "1100"]).end();

    const params = { source: "count", stream: "stdout", tail: "3" };
    const clients = [
        await s.websocket(hub, params),
        await s.eventSource(hub, params),
        await s.curl(hub, params),
        s.tail(hub, ["--source", "count", "--stream", "stdout", "--tail", "3"]),
    ];
    for (const client of clients) await client.record("50");
    await s.run(hub, ["--name", "count", "--job", "2"], ["echo", "51"]).end();
    for (const client of clients) {
        await client.record("51");
        assert.deepEqual(client.messages, ["48", "49", "50", "51"], client.name);
    }
});

scenario("tail takes the same filters as flags", async (s) => {
    const hub = await s.hub();
    const tail = s.tail(hub, ["--after", "0", "--level", "warn", "--job", "1", "--search", "dead"]);
    for (const { flags, script } of CAST) await s.run(hub, flags, ["sh", "-c", script]).end();
    await tail.record("ERROR: Deadlock found");
    assert.equal(tail.records.length, 1);
    const filtered = s.tail(hub, ["--after", "0", "-q", "level>=warn job_run_id:1 dead"]);
    await filtered.record("ERROR: Deadlock found");
    assert.equal(filtered.records.length, 1);
});

scenario("a filter that is wrong is refused with the column where it goes wrong", async (s) => {
    const hub = await s.hub();
    for (const path of ["/api/v1/logs", "/api/v1/logs/stream/sse"]) {
        const answer = await hub.get(path, { q: "größer AND (level>=loud" });
        assert.equal(answer.status, 400);
        assert.equal(answer.json.error.code, "bad_filter");
        assert.equal(answer.json.error.details.column, 12);
        assert.match(answer.json.error.message, /never closed/);
    }
});

scenario("a regular expression that cannot be followed ends its stream and no other", async (s) => {
    const hub = await s.hub();
    const endless = { q: "/^(a+a+)+[bc]$/" };
    const sse = await s.curl(hub, endless);
    const ws = await s.websocket(hub, endless);
    const other = await s.websocket(hub, { q: "/a+$/" });
    await s.run(hub, ["--name", "long"], ["sh", "-c", "printf '%0300d\\n' 0 | tr 0 a"]).end();
    await other.record("a".repeat(300));
    for (const client of [sse, ws])
        assert.equal((await client.notice("error")).code, "filter_too_expensive", client.name);
    assert.equal(await sse.process.end(), 0); /* curl sees a regular end */
    await until("the WebSocket to be closed", () => ws.closeCode === 1008);
    const history = await hub.get("/api/v1/logs", endless);
    assert.equal(history.status, 400);
    assert.equal(history.json.error.code, "filter_too_expensive");
});

scenario("values with every kind of character are the same everywhere", async (s) => {
    const hub = await s.hub();
    const job = 'Ärger & "Öl" = 50 % \\ 😀 +?#';
    const clients = [
        await s.websocket(hub, { job_run_id: job }),
        await s.eventSource(hub, { job_run_id: job }),
        s.tail(hub, ["--job", job, "--tail", "5"]),
    ];
    await s.run(hub, ["--name", "odd", "--job", job, "--label", "x.y_z=a=b"], ["echo", "hello"]).end();
    for (const client of clients) {
        const record = await client.record("hello");
        assert.equal(record.job_run_id, job);
        assert.equal(record["x.y_z"], "a=b");
    }
    const answer = await hub.get(`/api/v1/logs/job-runs/${encodeURIComponent(job)}`);
    assert.equal(answer.json.pagination.total, 2);
});

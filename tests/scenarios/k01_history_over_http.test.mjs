// SPDX-License-Identifier: MIT
//
// What was logged, asked for over HTTP: counted, drawn, summed up, around one record, by job run.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const DAY = "2026-01-15";

/** `n` records, one a second from 10:00 on, in two sources and two job runs. */
export async function fill(hub, n, extra = () => ({})) {
    const lines = Array.from({ length: n }, (_, i) =>
        JSON.stringify({
            message: `request ${i} took ${i % 7} ms`,
            level: ["info", "warn", "error", "info"][i % 4],
            timestamp: new Date(Date.parse(`${DAY}T10:00:00Z`) + i * 1000).toISOString(),
            source: i % 2 ? "web" : "api",
            job_run_id: i < n / 2 ? "first" : "second",
            fields: { http: { status: i % 4 === 2 ? 500 : 200 } },
            ...extra(i),
        }),
    );
    const answer = await hub.get(LOGS, {}, { method: "POST", body: lines.join("\n") });
    assert.equal(answer.json.accepted, n, answer.text);
}

async function ask(hub, path, params) {
    const answer = await hub.get(path, params);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

scenario("counts, exact and capped", async (s) => {
    const hub = await s.hub();
    await fill(hub, 1000);
    assert.deepEqual(await ask(hub, `${LOGS}/count`, { level: "error" }), { count: 250, at_least: false });
    assert.deepEqual(await ask(hub, `${LOGS}/count`, { q: "http.status:500 source:web" }), { count: 0, at_least: false });
    assert.deepEqual(await ask(hub, `${LOGS}/count`, { from: `${DAY}T10:00:10Z`, to: `${DAY}T10:00:20Z` }), {
        count: 10,
        at_least: false,
    });
    const capped = await ask(hub, LOGS, { job_run_id: "first", count: "capped", limit: 1 });
    assert.deepEqual([capped.pagination.total, capped.pagination.at_least], [500, false]);
    const none = await ask(hub, LOGS, { job_run_id: "first", count: "none", limit: 1 });
    assert.equal(none.pagination.total, null);
});

scenario("a histogram by time and level, of any width", async (s) => {
    const hub = await s.hub();
    await fill(hub, 1000);
    const minutes = await ask(hub, `${LOGS}/histogram`, { job_run_id: "first", bucket: "1m" });
    assert.equal(minutes.bucket_ms, 60_000);
    assert.equal(minutes.buckets[0].time, `${DAY}T10:00:00.000000Z`);
    assert.deepEqual(minutes.buckets[0], {
        time: `${DAY}T10:00:00.000000Z`,
        count: 60,
        levels: { info: 30, warn: 15, error: 15 },
    });
    assert.deepEqual(minutes.buckets.map((b) => b.count), [60, 60, 60, 60, 60, 60, 60, 60, 20]);
    assert.equal(minutes.total, 500);
    const few = await ask(hub, `${LOGS}/histogram`, { q: "-source:logmill", buckets: 5 });
    assert.ok(few.buckets.length <= 5 && few.total === 1000, JSON.stringify(few));
    const range = await ask(hub, `${LOGS}/histogram`, {
        from: `${DAY}T10:00:00Z`,
        to: `${DAY}T10:00:30Z`,
        bucket: "10s",
    });
    assert.deepEqual(range.buckets.map((b) => b.count), [10, 10, 10]);
    assert.deepEqual((await ask(hub, `${LOGS}/histogram`, { from: "2020-01-01", to: "2020-01-02", bucket: "1h" })).total, 0);
    // Nothing matches, and one end is open.
    for (const open of [{ from: "1h" }, { to: "2100-01-01" }, {}])
        assert.equal((await ask(hub, `${LOGS}/histogram`, { job_run_id: "nobody", ...open })).total, 0, JSON.stringify(open));
});

scenario("facets and patterns", async (s) => {
    const hub = await s.hub();
    await fill(hub, 1000, (i) => (i % 100 === 0 ? { message: `user u${i}@example.com left` } : {}));
    const sources = await ask(hub, `${LOGS}/facets`, { key: "source", job_run_id: "second" });
    assert.deepEqual(sources.values.map((v) => [v.value, v.count]), [["api", 250], ["web", 250]]);
    assert.deepEqual(sources.values[1].levels, { info: 125, warn: 125 });
    const states = await ask(hub, `${LOGS}/facets`, { key: "http.status", source: "api", limit: 1 });
    assert.deepEqual(states.values.map((v) => [v.value, v.count]), [["200", 250]]);
    assert.equal(states.distinct, 2);
    const patterns = await ask(hub, `${LOGS}/patterns`, { q: "-source:logmill" });
    assert.equal(patterns.patterns[0].pattern, "request * took * ms");
    assert.equal(patterns.patterns[0].count, 990);
    assert.equal(patterns.patterns.length, 2);
});

scenario("the neighbours of a record, among everything or among what a filter chooses", async (s) => {
    const hub = await s.hub();
    await fill(hub, 100);
    const hit = (await ask(hub, LOGS, { search: "request 50 " })).logs[0];
    const near = await ask(hub, LOGS, { around: hit.id, before: 2, after: 1 });
    assert.deepEqual(near.logs.map((r) => r.id), [hit.id - 2, hit.id - 1, hit.id, hit.id + 1]);
    const api = await ask(hub, LOGS, { around: hit.id, before: 2, after: 2, source: "api" });
    assert.deepEqual(api.logs.map((r) => r.id), [hit.id - 4, hit.id - 2, hit.id, hit.id + 2, hit.id + 4]);
    const end = await ask(hub, LOGS, { around: hit.id, before: 0, after: 1000 });
    assert.equal(end.logs.length, 50);
});

/** Ids of the rows of a question. */
const idsOf = async (hub, params) => (await ask(hub, LOGS, params)).logs.map((r) => r.id);

scenario("what lies in two files of the history is found as one: a long line, and neighbours", async (s) => {
    const hub = await s.hub();
    const long = "head -c 11000000 /dev/zero | tr '\\0' a; echo needle; head -c 11000000 /dev/zero | tr '\\0' b; echo";
    await s.run(hub, ["--name", "long", "--quiet"], ["sh", "-c", long]).end();
    await until("two chunks", async () => (await hub.metric("store_chunks")) >= 2);
    const hit = await ask(hub, LOGS, { search: "needle", group: 1 });
    assert.deepEqual(hit.logs.map((r) => r.fields.part), Array.from({ length: 11 }, (_, i) => i + 1));
    assert.deepEqual(hit.logs.map((r) => r.fields.last), hit.logs.map((_, i) => i === 10));

    await fill(hub, 20_000, (i) => ({ message: `${i} ${"some more words ".repeat(60)}` }));
    await until("two more", async () => (await hub.metric("store_chunks")) >= 4);
    const all = await idsOf(hub, { source: "web", order: "asc", limit: 10_000 });
    for (let at = 500; at < all.length; at += 900) {
        const near = await idsOf(hub, { around: all[at], before: 700, after: 700, source: "web" });
        assert.deepEqual(near, all.slice(Math.max(0, at - 700), at + 701), `around record ${at}`);
    }
});

scenario("job runs: the one that spoke last first, how grave, how it ended", async (s) => {
    const hub = await s.hub();
    await fill(hub, 100);
    await s.run(hub, ["--name", "good", "--job", "done"], ["echo", "fine"]).end();
    await s.run(hub, ["--name", "bad", "--job", "broken"], ["sh", "-c", "echo no >&2; exit 3"]).end();
    const sleeper = s.run(hub, ["--name", "long", "--job", "alive"], ["sh", "-c", "echo begun; exec sleep 60"]);
    await hub.processIn("long", "running");
    const list = await ask(hub, "/api/v1/job-runs");
    const byId = Object.fromEntries(list.job_runs.map((r) => [r.job_run_id, r]));
    assert.deepEqual(list.job_runs.map((r) => r.job_run_id), ["alive", "broken", "done", "second", "first"]);
    assert.equal(byId.first.count, 50);
    assert.equal(byId.first.first, `${DAY}T10:00:00.000000Z`);
    assert.deepEqual(byId.first.levels, { info: 25, warn: 13, error: 12 });
    assert.equal(byId.first.state, "unknown");
    assert.deepEqual([byId.done.state, byId.done.exit], ["exited", { code: 0 }]);
    assert.deepEqual([byId.broken.state, byId.broken.exit], ["disconnected", { code: 3 }]);
    assert.equal(byId.alive.state, "running");
    const active = await ask(hub, "/api/v1/job-runs", { active: 1 });
    assert.deepEqual(active.job_runs.map((r) => r.job_run_id), ["alive"]);
    const page = await ask(hub, "/api/v1/job-runs", { active: 0, limit: 2, offset: 1, cursor: list.pagination.cursor });
    assert.deepEqual(page.job_runs.map((r) => r.job_run_id), ["done", "second"]);
    assert.equal(page.pagination.total, 4);
    sleeper.signal("SIGTERM");
    await sleeper.end();
});

/* path, code, what the sentence says */
const WRONG = [
    [`${LOGS}/count?count=none`, "bad_parameter", /count must be one of exact, capped/],
    [`${LOGS}/count?limit=3`, "unknown_parameter", /unknown parameter 'limit'/],
    [`${LOGS}?from=2026-01-02&to=2026-01-01`, "bad_parameter", /from is later than to/],
    [`${LOGS}/export?from=1h&to=2h`, "bad_parameter", /from is later than to/],
    [`${LOGS}/histogram?bucket=0s`, "bad_parameter", /bucket must be a duration/],
    [`${LOGS}/histogram?bucket=1ms&from=2020-01-01&to=2026-01-01`, "bad_parameter", /more than 10000 buckets/],
    [`${LOGS}/histogram?buckets=100000`, "bad_parameter", /buckets must be a whole number from 0 to 10000/],
    [`${LOGS}/facets`, "bad_parameter", /say what to count by/],
    [`${LOGS}/facets?key=message`, "bad_parameter", /not id, timestamp or message/],
    [`${LOGS}/facets?key=source&limit=1000000`, "bad_parameter", /limit must be/],
    [`${LOGS}?around=5&limit=3`, "bad_parameter", /limit does not go with around/],
    [`${LOGS}?before=5`, "bad_parameter", /before and after go with around/],
    [`${LOGS}?around=99999999999999999`, "bad_parameter", /around must be/],
    ["/api/v1/job-runs?active=2", "bad_parameter", /active must be one of all, 1, 0/],
    [`${LOGS}/export?format=xml`, "bad_parameter", /format must be one of text, ndjson, csv/],
    [`${LOGS}/export?date=yesterday`, "bad_parameter", /date must be a day/],
    [`${LOGS}/export?date=2026-02-30`, "bad_parameter", /date must be a day/],
    [`${LOGS}/export?date=2026-01-15&from=2026-01-15`, "bad_parameter", /date does not go with from and to/],
    [`${LOGS}/export?tz=../../etc/passwd`, "bad_parameter", /tz must be a time zone/],
    [`${LOGS}/export?tz=Mars/Olympus`, "bad_parameter", /tz must be a time zone/],
    [`${LOGS}/export?source=a&source=b`, "bad_parameter", /source is given more than once/],
    ["/healthz?x=1", "unknown_parameter", /unknown parameter 'x'/],
];

scenario("a wrong question names the parameter and what it takes", async (s) => {
    const hub = await s.hub();
    for (const [path, code, sentence] of WRONG) {
        const answer = await hub.get(path);
        assert.equal(answer.status, 400, `${path}: ${answer.text}`);
        assert.equal(answer.json.error.code, code, path);
        assert.match(answer.json.error.message, sentence, path);
    }
});

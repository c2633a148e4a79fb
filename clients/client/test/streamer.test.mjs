// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LogStreamingService } from "../dist/esm/index.js";
import { fakeSockets, turn, until } from "./fakes.mjs";

const HUB = "http://hub.test";
const record = (id) => ({ id, message: `line ${id}` });
const answer = (status, body) => new Response(JSON.stringify(body), { status });

/** A stream whose hub is the test, with what it reported. */
async function begin(options = {}) {
    const { FakeWebSocket, made } = fakeSockets();
    const seen = { ids: [], errors: [], states: [], connects: 0, disconnects: [] };
    const service = new LogStreamingService(HUB, {
        WebSocket: FakeWebSocket,
        fetch: async () => answer(200, { logs: [] }),
        onMessage: (log) => seen.ids.push(log.id),
        onError: (error) => seen.errors.push(error.message),
        onState: (state) => seen.states.push(state.name),
        onConnect: () => seen.connects++,
        onDisconnect: (reason) => seen.disconnects.push(reason),
        ...options,
    });
    const stream = service.streamJobRunLogs("42");
    await turn();
    return { service, stream, made, seen };
}

test("a lost stream goes on behind the last record, and repetitions are not shown", async (t) => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    t.after(() => mock.timers.reset());
    const { stream, made, seen } = await begin({ tail: 10, batchMs: 16 });
    assert.equal(made[0].url.pathname, "/api/v1/logs/stream/ws");
    assert.equal(made[0].url.search, "?job_run_id=42&tail=10&batch_ms=16");
    made[0].accept();
    made[0].says(record(1));
    made[0].says(record(2));
    made[0].drops();
    await turn();
    assert.deepEqual(seen.disconnects, ["the connection was lost"]);
    mock.timers.tick(300);
    await turn();
    assert.equal(made[1].url.search, "?job_run_id=42&after=2&batch_ms=16");
    made[1].accept();
    made[1].says(record(2));
    made[1].says(record(3));
    assert.deepEqual(seen.ids, [1, 2, 3]);
    assert.equal(seen.connects, 2);
    stream.disconnect();
    assert.equal(made[1].closedWith, 1000);
    assert.equal(stream.state.name, "closed");
});

test("a message that cannot be read is told and the stream goes on", async () => {
    const { stream, made, seen } = await begin();
    made[0].accept();
    made[0].says("{");
    made[0].says(record(7));
    assert.match(seen.errors[0], /could not be read/);
    assert.deepEqual(seen.ids, [7]);
    stream.disconnect();
});

test("a callback that throws does not end the stream", async () => {
    const ids = [];
    const { stream, made, seen } = await begin({
        onMessage: (log) => {
            ids.push(log.id);
            throw new Error("mine");
        },
    });
    made[0].accept();
    made[0].says(record(1));
    made[0].says(record(2));
    assert.deepEqual(ids, [1, 2]);
    assert.deepEqual(seen.errors, ["mine", "mine"]);
    stream.disconnect();
});

test("no more attempts are made than asked for", async (t) => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    t.after(() => mock.timers.reset());
    const { stream, made, seen } = await begin({ maxReconnectAttempts: 2, transport: "websocket" });
    for (let i = 0; i < 3; i++) {
        made.at(-1).drops();
        await turn();
        mock.timers.tick(60_000);
        await turn();
    }
    assert.equal(made.length, 3);
    assert.equal(stream.state.name, "closed");
    assert.equal(seen.errors.length, 3);
    stream.connect();
    await turn();
    assert.equal(made.length, 4, "connect() begins again");
    stream.disconnect();
});

test("a refusal says why and is not repeated in haste", async (t) => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    t.after(() => mock.timers.reset());
    const refusal = { error: { code: "unauthorized", message: "a token is needed" } };
    const { stream, made, seen } = await begin({ fetch: async () => answer(401, refusal) });
    made[0].drops();
    for (let i = 0; i < 5; i++) await turn();
    assert.deepEqual(seen.errors, ["a token is needed"]);
    assert.deepEqual(stream.state, { name: "refused", reason: "a token is needed", code: "unauthorized" });
    mock.timers.tick(10_000);
    await turn();
    assert.equal(made.length, 1);
    stream.disconnect();
});

test("a stream that ends because its filter costs too much is not begun again in haste", async (t) => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    t.after(() => mock.timers.reset());
    const { stream, made, seen } = await begin();
    made[0].accept();
    made[0].says({ type: "error", code: "filter_too_expensive", message: "too much" });
    await turn();
    assert.deepEqual(seen.errors, ["too much"]);
    assert.deepEqual(stream.state, { name: "refused", reason: "too much", code: "filter_too_expensive" });
    mock.timers.tick(10_000);
    await turn();
    assert.equal(made.length, 1);
    stream.disconnect();
});

test("requestLogs is answered by its own answer, or fails with the connection", async () => {
    const { stream, made } = await begin({ autoReconnect: false });
    made[0].accept();
    const first = stream.requestLogs(3);
    const second = stream.requestLogs({ limit: 5, level: "warn", before: 100 });
    const [a, b] = made[0].sent;
    assert.deepEqual(a, { type: "requestLogs", id: a.id, limit: 3, job_run_id: "42" });
    assert.deepEqual(b, { type: "requestLogs", id: b.id, limit: 5, job_run_id: "42", level: "warn", before: 100 });
    made[0].says({ type: "logs", id: b.id, logs: [record(9)] });
    assert.deepEqual(await second, [record(9)]);
    made[0].drops();
    await assert.rejects(first, /connection was lost/);
});

test("a changed filter goes over the open connection", async () => {
    const { stream, made } = await begin();
    made[0].accept();
    stream.setFilter({ jobRunId: "42", level: "error" });
    assert.deepEqual(made[0].sent, [{ type: "filter", job_run_id: "42", level: "error" }]);
    assert.equal(made.length, 1);
    stream.disconnect();
});

test("a token is offered, and asked for anew at every connection", async (t) => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    t.after(() => mock.timers.reset());
    let n = 0;
    const { stream, made } = await begin({ getToken: async () => `t${++n}` });
    await turn();
    assert.deepEqual(made[0].offers, ["logmill.v1", "logmill.plain", "bearer.dDE"]);
    made[0].accept();
    made[0].drops();
    await turn();
    mock.timers.tick(300);
    for (let i = 0; i < 3; i++) await turn();
    assert.equal(made[1].offers[2], "bearer.dDI");
    stream.disconnect();
});

test("silence beyond three heartbeats is a lost connection", async (t) => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    t.after(() => mock.timers.reset());
    const { stream, made, seen } = await begin();
    made[0].accept("logmill.v1");
    for (let i = 0; i < 3; i++) {
        mock.timers.tick(5_000);
        made[0].says({ type: "heartbeat", cursor: `0000abcd.${i}` });
    }
    assert.equal(stream.cursor, "0000abcd.2");
    mock.timers.tick(16_000);
    await turn();
    assert.equal(seen.disconnects.length, 1);
    mock.timers.tick(300);
    await turn();
    assert.equal(made[1].url.searchParams.get("after"), "0000abcd.2");
    stream.disconnect();
});

test("where WebSockets never open, server-sent events are used", async () => {
    let asked = "";
    const body = new ReadableStream({
        start(controller) {
            const text = 'event: log\nid: e.5\ndata: {"id":5}\n\nevent: gap\nid: e.9\ndata: {"type":"gap","next":9}\n\n';
            controller.enqueue(new TextEncoder().encode(text));
        },
    });
    const gaps = [];
    const { stream, made, seen } = await begin({
        maxReconnectDelay: 1,
        fetch: async (url) => {
            if (!String(url).includes("/sse")) return answer(200, { logs: [] });
            asked = String(url);
            return new Response(body);
        },
        onGap: (gap) => gaps.push(gap.next),
    });
    for (let i = 0; i < 2; i++) {
        const count = made.length;
        made.at(-1).drops();
        await until(() => made.length > count || seen.ids.length > 0);
    }
    assert.match(asked, /stream\/sse\?job_run_id=42$/);
    assert.deepEqual(seen.ids, [5]);
    assert.deepEqual(gaps, [9]);
    assert.equal(stream.cursor, "e.9");
    stream.disconnect();
});

// SPDX-License-Identifier: MIT
//
// logmill.v1 and what a client may say on a stream (docs/streams.md).

import assert from "node:assert/strict";
import { request } from "../lib/http.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

/** Publishes records over HTTP: texts, or objects. */
async function push(hub, records) {
    const body = records.map((r) => JSON.stringify(typeof r === "string" ? { message: r } : r)).join("\n");
    const headers = { "content-type": "application/x-ndjson" };
    const answer = await request(hub.target ?? { host: "127.0.0.1", port: hub.port }, "/api/v1/logs?source=app", {
        method: "POST",
        headers,
        body,
    });
    assert.equal(answer.status, 200, answer.text);
}

scenario("subscriptions come, change and go on one connection", async (s) => {
    const hub = await s.hub();
    const c = await s.v1(hub, { subscribe: "none" });
    assert.equal(c.socket.protocol, "logmill.v1");
    await push(hub, ["before"]);
    const a = await c.ask({ type: "subscribe", sub: "warnings", level: "warn" });
    assert.equal(a.type, "subscribed");
    assert.equal(a.sub, "warnings");
    assert.match(a.cursor, /^[0-9a-f]{8}\.\d+$/);
    await c.ask({ type: "subscribe", sub: "all", source: "app", tail: 10 });
    await push(hub, ["one", { message: "two", level: "error" }, "three"]);
    await until("all of it", () => c.records("all").length === 4 && c.records("warnings").length === 1);
    assert.deepEqual(c.texts("all"), ["before", "one", "two", "three"]);
    assert.deepEqual(c.texts("warnings"), ["two"]);
    assert.ok(c.messages.some((m) => m.type === "heartbeat" && m.sub === "all" && m.cursor));

    const filtered = await c.ask({ type: "filter", sub: "warnings", q: "three OR four" });
    assert.equal(filtered.type, "filtered");
    await push(hub, ["four", "five"]);
    await until("four and five", () => c.records("all").length === 6);
    await until("four", () => c.records("warnings").length === 2);
    assert.deepEqual(c.texts("warnings"), ["two", "four"]);

    assert.equal((await c.ask({ type: "unsubscribe", sub: "all" })).type, "unsubscribed");
    await push(hub, ["four again"]);
    await until("four again", () => c.records("warnings").length === 3);
    assert.equal(c.records("all").length, 6);
    const batch = c.messages.findLast((m) => m.type === "batch");
    assert.match(batch.cursor, new RegExp(`\\.${batch.logs.at(-1).id}$`));
});

scenario("a page's viewers pause and go on, and nothing is missing", async (s) => {
    const hub = await s.hub();
    const c = await s.v1(hub);
    const plain = await s.websocket(hub, { levels: "basic" });
    await push(hub, [{ message: "one", level: "trace" }]);
    await plain.record("one");
    assert.equal((await c.ask({ type: "pause" })).type, "paused");
    plain.socket.send('{"type":"pause","id":"p"}');
    await plain.notice("paused");
    for (let i = 0; i < 20; i++) await push(hub, [`line ${i}`]);
    assert.deepEqual(c.texts(), ["one"]);
    assert.equal((await c.ask({ type: "resume" })).type, "resumed");
    plain.socket.send('{"type":"resume"}');
    await until("the rest", () => c.records().length === 21);
    await until("the rest, plain", () => plain.count === 21);
    assert.deepEqual(c.texts().slice(1), Array.from({ length: 20 }, (_, i) => `line ${i}`));
    assert.equal(c.records()[0].level, "trace");
    assert.equal(plain.records[0].level, "debug");
    plain.socket.send('{"type":"filter","level":"fatal"}');
    await plain.notice("filtered");
    await push(hub, ["not this", { message: "this", level: "fatal" }]);
    const fatal = await plain.record("this");
    assert.equal(fatal.level, "error");
    assert.equal(plain.count, 22);
});

scenario("requestLogs reaches into the store", async (s) => {
    const hub = await s.hub();
    await push(
        hub,
        Array.from({ length: 300 }, (_, i) => ({ message: `n${i}`, level: i % 3 ? "info" : "warn" })),
    );
    const c = await s.v1(hub, { source: "app" });
    const newest = await c.ask({ type: "requestLogs" });
    assert.equal(newest.type, "logs");
    assert.deepEqual(
        newest.logs.map((r) => r.message),
        Array.from({ length: 100 }, (_, i) => `n${i + 200}`),
    );
    const ids = newest.logs.map((r) => r.id);
    const hole = await c.ask({ type: "requestLogs", after: ids[9], before: ids[20], limit: 10 });
    assert.deepEqual(hole.logs.map((r) => r.id), ids.slice(10, 20));
    const warnings = await c.ask({ type: "requestLogs", level: "warn", limit: 2, q: "n -n297" });
    assert.deepEqual(warnings.logs.map((r) => r.message), ["n291", "n294"]);
    await c.ask({ type: "subscribe", sub: "none", search: "nothing has this" });
    assert.deepEqual((await c.ask({ type: "requestLogs", sub: "none" })).logs, []);
    const answers = await Promise.all([1, 2, 3, 4].map((limit) => c.ask({ type: "requestLogs", limit })));
    assert.deepEqual(answers.map((a) => a.logs.length), [1, 2, 3, 4]);

    const plain = await s.websocket(hub, { source: "nobody", levels: "basic" });
    plain.socket.send('{"type":"requestLogs","id":"x","limit":5}');
    assert.deepEqual((await plain.notice("logs")).logs, [], "the stream's own filter holds");
});

scenario("what is wrong is said, and the stream goes on", async (s) => {
    const hub = await s.hub();
    const c = await s.v1(hub);
    for (const [message, code, text] of [
        [{ type: "subscribe" }, "not_understood", /needs a name/],
        [{ type: "subscribe", sub: "a b" }, "bad_parameter", /1 to 64/],
        [{ type: "subscribe", sub: "x", levle: "warn" }, "not_understood", /did you mean 'level'/],
        [{ type: "filter", q: 'level>=warn "open' }, "bad_filter", /./],
        [{ type: "filter", sub: "nobody" }, "unknown_subscription", /./],
        [{ type: "filtre" }, "not_understood", /did you mean 'filter'/],
        [{ type: "requestLogs", limit: -1 }, "bad_parameter", /0 to 10000/],
        [{ type: "requestLogs", before: "00000000.5" }, "bad_parameter", /of this store/],
        [{ type: "filter", level: ["warn"] }, "bad_parameter", /text or a whole number/],
    ]) {
        const answer = await c.ask(message);
        assert.equal(answer.type, "error");
        assert.equal(answer.code, code, JSON.stringify(answer));
        assert.match(answer.message, text);
        assert.equal(answer.level, "warn");
    }
    for (const text of ["", "[]", "not JSON", '{"a":1,"a":2}']) {
        const before = c.messages.length;
        c.socket.send(text);
        await until("an error", () => c.messages.slice(before).some((m) => m.code === "not_understood"));
    }
    c.socket.send(Buffer.from("binary"));
    await c.message((m) => /Messages are text/.test(m.message));
    await push(hub, ["still here"]);
    await until("the record", () => c.texts().includes("still here"));
    const plain = await s.websocket(hub);
    plain.socket.send('{"type":"subscribe","sub":"a"}');
    assert.match((await plain.notice("error")).message, /logmill\.v1/);
});

scenario("a client that comes back too late is told, and gets the newest", async (s) => {
    const hub = await s.hub({ settings: { resume_limit: 100 } });
    await push(hub, ["first"]);
    const c = await s.v1(hub, { source: "app", after: "0" });
    const { id } = await until("the first", () => c.records()[0]);
    await push(hub, Array.from({ length: 300 }, (_, i) => `n${i}`));
    const late = await s.v1(hub, { after: id });
    await until("the newest", () => late.records().length === 100);
    const gap = late.messages.find((m) => m.type === "gap");
    assert.equal(gap.reason, "resume_limit");
    assert.equal(gap.after, id);
    assert.equal(gap.next, late.records()[0].id);
    const refill = await late.ask({ type: "requestLogs", after: gap.after, before: gap.next, limit: 1000 });
    assert.equal(refill.logs.length + late.records().length, 300, "the hole can be filled");
    const all = await s.v1(hub, { after: id, resume: "all" });
    await until("all", () => all.records().length === 300);
    assert.ok(!all.messages.some((m) => m.type === "gap"));
    const few = await s.v1(hub, { after: id, q: "n29" });
    await until("what matches", () => few.records().length === 11);
    assert.ok(!few.messages.some((m) => m.type === "gap"), "what matches is within the limit");
});

scenario("batches are compressed for those who offer it, when the hub is told to", async (s) => {
    const hub = await s.hub({ settings: { ws_compression: "on" } });
    const packed = await s.v1(hub);
    const bare = await s.v1(hub, {}, { perMessageDeflate: false });
    assert.match(packed.socket.extensions, /permessage-deflate/);
    assert.equal(bare.socket.extensions, "");
    await push(hub, Array.from({ length: 500 }, (_, i) => `a line that looks like the one before ${i}`));
    await until("both", () => packed.records().length === 500 && bare.records().length === 500);
    assert.deepEqual(packed.texts(), bare.texts());
    const bytes = (c) => c.socket._socket.bytesRead;
    assert.ok(bytes(packed) * 4 < bytes(bare), `${bytes(packed)} of ${bytes(bare)} bytes`);
});

scenario("an unfinished line is shown when it stands still, and only to those who want it", async (s) => {
    const hub = await s.hub();
    const c = await s.v1(hub, { source: "asker" });
    await c.ask({ type: "subscribe", sub: "errors", level: "error" });
    await c.ask({ type: "subscribe", sub: "other", source: "nobody" });
    const plain = await s.websocket(hub, { source: "asker" });
    const child = s.run(
        hub,
        ["--name", "asker", "--quiet", "--label", "job_run_id=7"],
        ["sh", "-c", "printf 'ready\\nPassword: '; sleep 1; echo secret"],
    );
    const preview = await c.message((m) => m.type === "partial");
    assert.deepEqual(preview, { type: "partial", source: "asker", process_id: "asker", job_run_id: "7", stream: "stdout", text: "Password: " });
    assert.deepEqual(c.texts(), ["ready"]);
    await until("the whole line", () => c.texts().includes("Password: secret"));
    await child.end();
    await plain.record("Password: secret");
    assert.equal(c.messages.filter((m) => m.type === "partial").length, 1);
    assert.deepEqual(plain.notices, []);
});

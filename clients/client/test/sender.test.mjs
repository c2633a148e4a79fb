// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { Logger, LogSender } from "../dist/esm/index.js";
import { until } from "./fakes.mjs";

/** A hub that answers as told, and what it was sent. */
function hub(answers = []) {
    const posts = [];
    const post = async (body, headers) => {
        posts.push({ key: headers["X-Logmill-Batch"], lines: body.split("\n").map((line) => JSON.parse(line)) });
        const answer = answers.shift() ?? { status: 200 };
        if (answer instanceof Error) throw answer;
        return { text: '{"accepted":1,"rejected":[]}', retryAfter: 0, ...answer };
    };
    return { posts, post };
}

const messages = (posts) => posts.flatMap(({ lines }) => lines.map(({ message }) => message));

test("records leave in batches, in order, each batch with a key of its own", async () => {
    const { posts, post } = hub();
    const sender = new LogSender({ post, source: "shop", maxBatch: 2 });
    for (const message of ["a", "b", "c"]) assert.ok(sender.write({ message }));
    assert.equal(sender.waiting, 3);
    assert.ok(await sender.flush());
    assert.deepEqual(messages(posts), ["a", "b", "c"]);
    assert.equal(posts.length, 2);
    assert.notEqual(posts[0].key, posts[1].key);
    assert.equal(posts[0].lines[0].source, "shop");
    assert.ok(Date.parse(posts[0].lines[0].timestamp) > 0);
    assert.equal(sender.sent, 3);
});

test("a batch is sent again under its key until the hub has it", async () => {
    const { posts, post } = hub([new Error("away"), { status: 503 }, { status: 429 }, { status: 200 }]);
    const sender = new LogSender({ post, maxReconnectDelay: 1 });
    sender.write({ message: "a" });
    assert.ok(await sender.flush());
    assert.equal(posts.length, 4);
    assert.equal(new Set(posts.map(({ key }) => key)).size, 1);
});

test("the oldest go when the queue is full, are counted, and the stream is told", async () => {
    const { posts, post } = hub();
    const sender = new LogSender({ post, maxQueue: 3 });
    for (let i = 1; i <= 10; i++) sender.write({ message: String(i) });
    assert.equal(sender.dropped, 7);
    await sender.flush();
    const [notice, ...rest] = messages(posts);
    assert.match(notice, /7 records dropped/);
    assert.deepEqual(rest, ["8", "9", "10"]);
});

test("flush says when the hub does not have everything at the deadline", async () => {
    const sender = new LogSender({ post: () => new Promise(() => {}) });
    sender.write({ message: "a" });
    assert.equal(await sender.flush(20), false);
    assert.equal(await sender.close(20), false);
    assert.equal(sender.write({ message: "late" }), false);
});

test("what the hub refuses for good is told and not sent again", async () => {
    const errors = [];
    const refusal = { status: 400, text: '{"error":{"message":"no message"}}' };
    const partly = { status: 200, text: '{"accepted":1,"rejected":[{"index":0,"reason":"too long"}],"rejected_total":1}' };
    const { posts, post } = hub([refusal, partly]);
    const sender = new LogSender({ post, onError: (error) => errors.push(error.message), batchDelay: 0 });
    sender.write({ message: "" });
    await sender.flush();
    sender.write({ message: "b" });
    await sender.flush();
    assert.equal(posts.length, 2);
    assert.deepEqual(errors, ["the hub refused records: no message", "the hub refused 1 records: too long"]);
});

test("values that JSON does not have do not stop a record", async () => {
    const errors = [];
    const { posts, post } = hub();
    const sender = new LogSender({ post, onError: (error) => errors.push(error) });
    sender.write({ message: "a", n: 5n, error: new TypeError("no") });
    const cycle = {};
    cycle.cycle = cycle;
    assert.equal(sender.write({ message: "b", cycle }), false);
    await sender.flush();
    assert.equal(posts[0].lines[0].n, "5");
    assert.equal(posts[0].lines[0].error.message, "no");
    assert.equal(errors.length, 1);
});

test("loggers say whose records they write", async () => {
    const { posts, post } = hub();
    const logger = new Logger(new LogSender({ post }));
    logger.logSession("c1", "a@b", "s1", "warn", "one");
    const scoped = logger.createScopedLogger("c1", "a@b");
    scoped.error("two", "s2");
    logger.systemInfo("three");
    logger.logBatch([{ campaignId: "c2", message: "four" }]);
    assert.ok(await logger.flush());
    await until(() => messages(posts).length === 4);
    const [one, two, three, four] = posts.flatMap(({ lines }) => lines);
    assert.deepEqual([one.campaignId, one.userEmail, one.sessionId, one.level], ["c1", "a@b", "s1", "warn"]);
    assert.deepEqual([two.campaignId, two.sessionId, two.level], ["c1", "s2", "error"]);
    assert.deepEqual([three.stream, three.level], ["system", "info"]);
    assert.deepEqual([four.campaignId, four.level], ["c2", "info"]);
});

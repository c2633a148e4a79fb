// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Backoff, STABLE_MS, waitBefore } from "../dist/esm/backoff.js";
import { bearerOffer } from "../dist/esm/bearer.js";
import { filterParams, withQuery } from "../dist/esm/params.js";
import { SseParser } from "../dist/esm/sse.js";

test("filters become parameters of the hub, in either spelling, and empty ones mean any", () => {
    const params = filterParams({ jobRunId: "42", user_email: "a@b", level: "", q: "level>=warn", search: "x" });
    assert.deepEqual(params, { job_run_id: "42", user_email: "a@b", q: "level>=warn", search: "x" });
    assert.equal(withQuery("/a", { x: "1 &", y: undefined, z: "" }), "/a?x=1+%26");
    assert.equal(withQuery("/a", {}), "/a");
});

test("waits double up to the longest, with a random half", () => {
    assert.equal(waitBefore(0, 300, 30_000, 0), 150);
    assert.equal(waitBefore(0, 300, 30_000, 1), 300);
    assert.equal(waitBefore(3, 300, 30_000, 1), 2400);
    assert.equal(waitBefore(60, 300, 30_000, 1), 30_000);
});

test("only a connection that held for a while starts the count anew", () => {
    let now = 0;
    const backoff = new Backoff(30_000, () => 1, () => now);
    assert.equal(backoff.next(), 300);
    backoff.connected();
    now += 10;
    assert.equal(backoff.next(), 600);
    backoff.connected();
    now += STABLE_MS;
    assert.equal(backoff.next(), 300);
});

test("a token is offered as base64url without padding", () => {
    assert.equal(bearerOffer("a?b>~"), "bearer.YT9iPn4");
    assert.equal(bearerOffer("ü"), "bearer.w7w");
});

test("events are read whatever the pieces they come in", () => {
    const text = "retry: 700\r\n\r\nevent: log\nid: e.1\ndata: {\"a\":\ndata: 1}\n\n: hb\nid: e.2\n\n";
    for (let cut = 1; cut < text.length; cut++) {
        const events = [];
        let retry = 0;
        const parser = new SseParser({ event: (event) => events.push(event), retry: (ms) => (retry = ms) });
        parser.feed(text.slice(0, cut));
        parser.feed(text.slice(cut));
        assert.equal(retry, 700);
        assert.deepEqual(events, [
            { type: "log", data: '{"a":\n1}', id: "e.1" },
            { type: "message", data: null, id: "e.2" },
        ]);
    }
});

test("the package can be required, too", () => {
    const { LogStreamingService } = createRequire(import.meta.url)("@logmill/client");
    assert.equal(typeof LogStreamingService, "function");
    assert.throws(() => new LogStreamingService(), /outside of a page/);
});

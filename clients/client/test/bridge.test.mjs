// SPDX-License-Identifier: MIT
//
// fetch() over a bridge: how pieces of a body wait for their reader, and what ends it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bridgeFetch } from "../dist/esm/index.js";

/** A bridge whose stream is told by hand. */
function bridge(answer = { success: true, data: "s1" }) {
    const told = { paths: [], cancelled: [] };
    const streaming = {
        onChunk: (_, callback) => (told.chunk = (item, isLast = false) => callback({ data: item === undefined ? [] : [item], isLast })),
        onError: (_, callback) => (told.error = callback),
        cancel: (id) => told.cancelled.push(id),
    };
    return { told, fetch: bridgeFetch({ call: async (_, path) => (told.paths.push(path), answer), streaming }) };
}

const HEAD = { status: 201, headers: { "content-type": "text/plain" } };

test("the head is the response, and a piece waits until the one before it was read", async () => {
    const { told, fetch } = bridge();
    const asked = fetch("http://any/api/v1/logs?limit=1");
    await new Promise((resolve) => setImmediate(resolve));
    told.chunk(HEAD);
    const response = await asked;
    assert.deepEqual([told.paths, response.status, response.headers.get("content-type")], [["/api/v1/logs?limit=1"], 201, "text/plain"]);
    let isTaken = false;
    const taken = told.chunk("one ").then(() => (isTaken = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isTaken, false, "nobody has read it");
    const reader = response.body.getReader();
    assert.equal(Buffer.from((await reader.read()).value).toString(), "one ");
    await taken;
    told.chunk("two");
    told.chunk(undefined, true);
    assert.equal(Buffer.from((await reader.read()).value).toString(), "two");
    assert.equal((await reader.read()).done, true);
    assert.deepEqual(told.cancelled, []);
});

test("a call that fails rejects, a stream that fails breaks the body, a reader that leaves cancels", async () => {
    await assert.rejects(bridge({ success: false, error: { code: "IPC_FORBIDDEN", message: "not you" } }).fetch("http://any/"), /not you/);
    const broken = bridge();
    const asked = broken.fetch("http://any/");
    await new Promise((resolve) => setImmediate(resolve));
    broken.told.chunk(HEAD);
    const { body } = await asked;
    broken.told.error({ message: "the hub went away" });
    await assert.rejects(body.getReader().read(), /the hub went away/);
    const left = bridge();
    const other = left.fetch("http://any/");
    await new Promise((resolve) => setImmediate(resolve));
    left.told.chunk(HEAD);
    await (await other).body.cancel();
    assert.deepEqual(left.told.cancelled, ["s1"]);
});

// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { IpcClient, IpcError } from "../dist/esm/index.js";
import { encodeFrame, encodeHello, FrameReader, TYPE } from "../dist/esm/ipc/frame.js";
import { until } from "./fakes.mjs";

const decoder = new TextDecoder();

/** The other end: frames of the client as objects, and answers. */
function fakeServer() {
    const server = { links: 0, calls: [], frames: [], events: null };
    server.connect = (events) => {
        server.links++;
        server.events = events;
        const reader = new FrameReader((frame) => server.take(frame));
        setImmediate(() => events.open());
        return { send: (bytes) => reader.feed(bytes.slice()), close: () => events.closed(new Error("closed")) };
    };
    server.take = (frame) => {
        server.frames.push(frame);
        if (frame.type === TYPE.HELLO) server.events.bytes(encodeHello(1));
        if (frame.type !== TYPE.CALL) return;
        const view = new DataView(frame.payload.buffer, frame.payload.byteOffset);
        const n = view.getUint16(0, true);
        const channel = decoder.decode(frame.payload.subarray(16, 16 + n));
        const args = decoder.decode(frame.payload.subarray(16 + n, 16 + n + view.getUint32(4, true)));
        server.calls.push({ request: frame.request, channel, args, flags: frame.flags });
    };
    server.say = (type, flags, request, payload) => server.events.bytes(encodeFrame(type, flags, request, payload));
    server.result = (request, data, flags = 0) => {
        const text = Buffer.from(data);
        const payload = Buffer.alloc(16 + text.length);
        payload.writeUInt32LE(text.length, 8);
        text.copy(payload, 16);
        server.say(TYPE.RESULT, flags, request, new Uint8Array(payload));
    };
    server.chunk = (request, index, data, last = false) => {
        const text = Buffer.from(data);
        const payload = Buffer.alloc(32 + text.length);
        payload.writeUInt32LE(index, 0);
        payload.writeUInt32LE(text.length, 4);
        payload.writeUInt32LE(index + 1, 8);
        payload.writeUInt32LE(4, 16);
        text.copy(payload, 32);
        server.say(TYPE.CHUNK, last ? 1 : 0, request, new Uint8Array(payload));
    };
    server.failure = (request, code, message) => {
        const text = Buffer.from(message);
        const payload = Buffer.alloc(24 + text.length);
        payload.writeUInt16LE(code, 8);
        payload.writeUInt32LE(text.length, 12);
        text.copy(payload, 24);
        server.say(TYPE.FAILURE, 0, request, new Uint8Array(payload));
    };
    return server;
}

async function begin() {
    const server = fakeServer();
    const client = new IpcClient(server.connect, { maxReconnectDelay: 1 });
    await until(() => client.connected);
    return { server, client };
}

test("a call made before there is a connection waits for it", async () => {
    const server = fakeServer();
    const client = new IpcClient(server.connect);
    const answer = client.call("logs:count", { job_run_id: "42" });
    await until(() => server.calls.length === 1);
    assert.equal(server.calls[0].args, '{"job_run_id":"42"}');
    server.result(1, '{"count":3}');
    assert.deepEqual(await answer, { count: 3 });
    client.close();
});

test("answers in any order go to their calls, with the envelope", async () => {
    const { server, client } = await begin();
    const [a, b] = [client.request("x:a"), client.request("x:b")];
    server.failure(2, 2, "limit must be a number");
    server.result(1, "1", 1);
    assert.deepEqual(await a, {
        success: true,
        data: 1,
        metadata: { executionTime: 0, cached: true, batched: false, requestId: "1" },
    });
    const failed = await b;
    assert.equal(failed.success, false);
    assert.equal(failed.error.code, "IPC_VALIDATION_ERROR");
    const error = client.call("x:c");
    server.failure(3, 7, "no");
    await assert.rejects(error, (e) => e instanceof IpcError && e.code === "IPC_FORBIDDEN" && e.message === "no");
    client.close();
});

test("a stream gives credit back as it is read, and leaving it cancels", async () => {
    const { server, client } = await begin();
    const chunks = client.stream("logs:search", { q: "x" });
    const first = chunks.next();
    await until(() => server.calls.length === 1);
    server.result(1, '"1"', 4);
    server.chunk(1, 0, "[1,2]");
    server.chunk(1, 1, "[3]");
    const { value } = await first;
    assert.deepEqual(value.data, [1, 2]);
    assert.deepEqual(value.progress, { current: 1, total: 4, percentage: 25 });
    const credits = () => server.frames.filter((f) => f.type === TYPE.CREDIT).length;
    assert.equal(credits(), 0, "what is not read gives nothing back");
    assert.deepEqual((await chunks.next()).value.data, [3]);
    assert.equal(credits(), 1);
    await chunks.return();
    assert.equal(server.frames.at(-1).type, TYPE.CANCEL);
    client.close();
});

test("a stream ends with its last chunk, or fails in its middle", async () => {
    const { server, client } = await begin();
    const seen = [];
    const reading = (async () => {
        for await (const chunk of client.stream("a:b")) seen.push(chunk.data);
    })();
    await until(() => server.calls.length === 1);
    server.result(1, '"1"', 4);
    server.chunk(1, 0, "[1]");
    server.chunk(1, 1, "[2]", true);
    await reading;
    assert.deepEqual(seen, [[1], [2]]);
    const broken = client.stream("a:b").next();
    await until(() => server.calls.length === 2);
    server.failure(2, 4, "no progress");
    await assert.rejects(broken, { code: "IPC_TIMEOUT" });
    client.close();
});

test("a plain call collects a streamed answer", async () => {
    const { server, client } = await begin();
    const all = client.call("a:b");
    server.result(1, '"1"', 4);
    server.chunk(1, 0, "[1,2]");
    server.chunk(1, 1, "[3]", true);
    assert.deepEqual(await all, [1, 2, 3]);
    client.close();
});

test("with the connection open calls fail, idempotent ones are made again", async () => {
    const { server, client } = await begin();
    const once = client.call("a:once");
    const again = client.call("a:again", 1, { idempotent: true });
    server.events.closed(new Error("gone"));
    await assert.rejects(once, { code: "IPC_DISCONNECTED" });
    await until(() => server.links === 2 && server.calls.length === 3);
    const call = server.calls.at(-1);
    assert.equal(call.channel, "a:again");
    assert.ok(call.request > 2, "a new number");
    server.result(call.request, "7");
    assert.equal(await again, 7);
    client.close();
    await assert.rejects(client.call("a:late"), { code: "IPC_DISCONNECTED" });
});

test("an aborted call is cancelled at the hub", async () => {
    const { server, client } = await begin();
    const stop = new AbortController();
    const call = client.call("a:slow", null, { signal: stop.signal });
    stop.abort();
    await assert.rejects(call, { code: "IPC_CANCELLED" });
    assert.equal(server.frames.at(-1).type, TYPE.CANCEL);
    server.failure(1, 5, "cancelled"); // crosses on the way, and is ignored
    client.close();
});

test("garbage ends the connection, and a new one is made", async () => {
    const { server, client } = await begin();
    const call = client.call("a:b");
    server.say(TYPE.RESULT, 0, 1, new Uint8Array(3));
    await assert.rejects(call, { code: "IPC_DISCONNECTED" });
    await until(() => server.links === 2);
    client.close();
});

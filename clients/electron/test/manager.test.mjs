// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallError, IPCManager, MultiLayerCacheManager } from "../dist/esm/index.js";
import { createElectronAPI, expose } from "../dist/esm/preload.js";
import { fakeElectron, until } from "./fakes.mjs";

function app() {
    const electron = fakeElectron();
    const manager = new IPCManager();
    manager.attach(electron.ipcMain);
    const window = electron.openWindow();
    return { ...electron, manager, window, api: createElectronAPI(window.ipcRenderer) };
}

test("a call is answered with the envelope", async () => {
    const { manager, api } = app();
    manager.registerHandler("user:get", async (_, id) => ({ id, at: new Date(0) }));
    const answer = await api.call("user:get", 7);
    assert.equal(answer.success, true);
    assert.deepEqual(answer.data, { id: 7, at: new Date(0) });
    const { executionTime, ...rest } = answer.metadata;
    assert.ok(executionTime >= 0);
    assert.deepEqual(rest, { cached: false, batched: false, requestId: "1" });
    assert.throws(() => manager.registerHandler("user:get", () => 1), /already/);
});

test("failures are answers with a code, and the error hook sees them", async () => {
    const { manager, api } = app();
    const seen = [];
    manager.on("error", (error, { channel }) => seen.push(`${channel} ${error.message}`));
    manager.registerHandler("a:throw", () => {
        throw Object.assign(new Error("broken"), { details: { n: 1 } });
    });
    manager.registerHandler("a:code", () => Promise.reject(new CallError("IPC_FORBIDDEN", "not you")));
    manager.registerHandler("a:slow", () => new Promise(() => {}), { timeout: 10 });
    manager.registerHandler("a:check", (_, n) => n, { validation: ([n]) => typeof n === "number" || "n must be a number" });
    const codes = [];
    for (const [channel, ...args] of [["a:throw"], ["a:code"], ["a:slow"], ["a:check", "x"], ["a:nobody"]]) {
        const { error } = await api.call(channel, ...args);
        codes.push(error.code);
    }
    assert.deepEqual(codes, ["IPC_HANDLER_ERROR", "IPC_FORBIDDEN", "IPC_TIMEOUT", "IPC_VALIDATION_ERROR", "IPC_UNKNOWN_CHANNEL"]);
    assert.equal(seen.length, 5);
    assert.equal(seen[3], "a:check n must be a number");
    assert.deepEqual((await api.call("a:throw")).error.details, { n: 1 });
    assert.equal((await api.call("a:check", 4)).data, 4, "the manager goes on");
});

test("a page that is not the app's own may not call", async () => {
    const { manager, openWindow } = app();
    manager.registerHandler("a:b", () => 1);
    const foreign = createElectronAPI(openWindow("https://evil.example/").ipcRenderer);
    assert.equal((await foreign.call("a:b")).error.code, "IPC_FORBIDDEN");
});

test("more calls than allowed in a window of time are refused, by caller", async () => {
    const { manager, api, openWindow } = app();
    manager.registerHandler("a:b", () => 1, { rateLimit: { requests: 2, window: 60_000 } });
    const other = createElectronAPI(openWindow().ipcRenderer);
    assert.ok((await api.call("a:b")).success);
    assert.ok((await api.call("a:b")).success);
    const { error } = await api.call("a:b");
    assert.equal(error.code, "IPC_RATE_LIMITED");
    assert.ok(error.details.retry_after_ms > 0);
    assert.ok((await other.call("a:b")).success);
});

test("answers come out of the cache until they are invalidated, by key, prefix or tag", async () => {
    const { manager, api } = app();
    let n = 0;
    manager.registerHandler("a:n", (_, x) => ({ n: ++n, x }), { cacheable: true, cacheTags: ["numbers"] });
    assert.equal((await api.call("a:n", { a: 1, b: 2 })).data.n, 1);
    const again = await api.call("a:n", { b: 2, a: 1 });
    assert.deepEqual([again.data.n, again.metadata.cached], [1, true]);
    await manager.invalidate({ tag: "numbers" });
    assert.equal((await api.call("a:n", { a: 1, b: 2 })).data.n, 2);
    await manager.invalidate({ prefix: "a:" });
    assert.equal((await api.call("a:n", { a: 1, b: 2 })).data.n, 3);
    assert.equal(manager.getMetrics().cacheHitRate, 1 / 4);
});

test("answers for one user do not reach another", async () => {
    const { manager, api, openWindow } = app();
    manager.registerHandler("me:get", (event) => event.sender.id, { cacheable: true, cacheScope: "caller" });
    const other = createElectronAPI(openWindow().ipcRenderer);
    assert.equal((await api.call("me:get")).data, 1);
    assert.equal((await other.call("me:get")).data, 2);
});

test("calls that come together are one batch, each with its own answer", async () => {
    const { manager, api } = app();
    const batches = [];
    manager.registerHandler("db:get", () => assert.fail("the batch handler is to be used"), {
        batchable: true,
        batchSize: 4,
        batchDelay: 5,
        batchHandler: (_, requests) => {
            batches.push(requests.length);
            return requests.map(([id]) => (id === 2 ? new Error("no such entry") : `entry ${id}`));
        },
    });
    const answers = await Promise.all([1, 2, 3, 3, 4].map((id) => api.call("db:get", id)));
    assert.deepEqual(batches, [4], "the same request twice is one");
    assert.deepEqual(answers.map((a) => a.data ?? a.error.message), ["entry 1", "no such entry", "entry 3", "entry 3", "entry 4"]);
    assert.ok(answers[0].metadata.batched);
    const metrics = manager.batcher.getMetrics();
    assert.deepEqual([metrics.totalBatches, metrics.totalRequests, metrics.averageBatchSize, metrics.failedBatches], [1, 4, 4, 0]);
});

test("a long answer comes in chunks, held until somebody listens", async () => {
    const { manager, api } = app();
    manager.registerHandler(
        "data:all",
        async function* (_, n) {
            for (let i = 0; i < n; i++) yield i;
        },
        { streamable: true, streamChunkSize: 100 },
    );
    assert.equal((await api.call("data:all", 100)).data.length, 100, "one chunk is plain data");
    const { data: id } = await api.call("data:all", 1050);
    assert.equal(typeof id, "string");
    const chunks = [];
    api.streaming.onChunk(id, (chunk) => chunks.push(chunk));
    await until(() => chunks.at(-1)?.isLast);
    assert.deepEqual(chunks.flatMap((c) => c.data), Array.from({ length: 1050 }, (_, i) => i));
    assert.deepEqual(chunks.map((c) => c.chunkIndex), Array.from({ length: 11 }, (_, i) => i));
    assert.deepEqual(chunks.at(-1).progress, { current: 1050, total: 1050, percentage: 100 });
    assert.equal(manager.streaming.count, 0);
    assert.equal(manager.streaming.getMetrics().totalChunks, 11);
});

test("a window that does not take chunks stops the source, and a cancel or a closed window ends it", async () => {
    const { manager, api, window } = app();
    let made = 0;
    let ended = 0;
    manager.registerHandler(
        "data:endless",
        async function* () {
            try {
                for (;;) yield ++made;
            } finally {
                ended += 1;
            }
        },
        { streamable: true, streamChunkSize: 10 },
    );
    const first = (await api.call("data:endless")).data;
    api.streaming.onChunk(first, () => {});
    await until(() => made > 100);
    api.streaming.cancel(first);
    await until(() => ended === 1);
    const second = (await api.call("data:endless")).data;
    const before = made;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(made, before, "nobody listens: nothing is made");
    assert.equal(typeof second, "string");
    window.close();
    await until(() => ended === 2);
    assert.equal(manager.streaming.count, 0);
});

test("a stream that fails in its middle says so", async () => {
    const { manager, api } = app();
    manager.registerHandler(
        "data:bad",
        async function* () {
            for (let i = 0; i < 25; i++) yield i;
            throw new Error("the disk is gone");
        },
        { streamable: true, streamChunkSize: 10 },
    );
    const { data: id } = await api.call("data:bad");
    const errors = [];
    let chunks = 0;
    api.streaming.onError(id, (error) => errors.push(error));
    api.streaming.onChunk(id, () => chunks++);
    await until(() => errors.length === 1);
    assert.deepEqual(errors, [{ code: "IPC_HANDLER_ERROR", message: "the disk is gone" }]);
    assert.equal(chunks, 2);
    assert.equal(manager.streaming.getMetrics().failedStreams, 1);
});

test("a page never gets ipcRenderer", () => {
    const { window } = app();
    expose(window.contextBridge, window.ipcRenderer);
    const { electronAPI } = window.world;
    assert.ok(Object.isFrozen(electronAPI));
    assert.equal(JSON.stringify(Object.keys(electronAPI)).includes("ipcRenderer"), false);
    assert.equal(typeof electronAPI.streaming.onChunk, "function");
});

test("the cache keeps to its limits and its times", async () => {
    let now = 0;
    const below = new Map();
    const persistent = {
        get: async (key) => below.get(key),
        set: async (key, entry) => void below.set(key, entry),
        delete: async (passes) => {
            for (const [key, { tags }] of below) if (passes(key, tags)) below.delete(key);
        },
    };
    const cache = new MultiLayerCacheManager({ maxEntries: 2, defaultTTL: 10, persistent, now: () => now });
    await cache.set("a", 1);
    await cache.set("b", 2);
    await cache.get("a");
    await cache.set("c", 3);
    below.delete("b");
    assert.equal(await cache.get("b"), undefined, "the least recently used went");
    assert.deepEqual(await cache.get("a"), { value: 1 });
    await cache.set("d", 4);
    assert.deepEqual(await cache.get("c"), { value: 3 }, "from the layer below");
    now = 11;
    assert.equal(await cache.get("a"), undefined);
    await cache.invalidate("*");
    assert.equal(below.size, 0);
});

test("calls of one turn go as one message, and none waits for a slower one", async () => {
    const { manager, api, window } = app();
    manager.registerHandler("a:fast", (_, n) => n);
    let release;
    manager.registerHandler("a:slow", () => new Promise((resolve) => (release = resolve)));
    const invoked = [];
    const { invoke } = window.ipcRenderer;
    window.ipcRenderer.invoke = (channel, ...args) => {
        invoked.push(channel);
        return invoke(channel, ...args);
    };
    const slow = api.call("a:slow");
    const answers = await Promise.all([1, 2, 3].map((n) => api.call("a:fast", n)));
    assert.deepEqual(answers.map(({ data }) => data), [1, 2, 3]);
    assert.deepEqual(invoked, ["logmill:calls"]);
    release("at last");
    assert.equal((await slow).data, "at last");
    assert.equal((await api.call("a:fast", 4)).data, 4);
    assert.deepEqual(invoked, ["logmill:calls", "logmill:call"]);
});

test("what cannot be sent is an error of that call alone", async () => {
    const { manager, api } = app();
    manager.registerHandler("a:echo", (_, x) => x);
    manager.registerHandler("a:function", () => () => {});
    const cycle = {};
    cycle.cycle = cycle;
    const [one, two, three, four] = await Promise.all([api.call("a:echo", 1), api.call("a:echo", () => {}), api.call("a:echo", cycle), api.call("a:function")]);
    assert.equal(one.data, 1);
    assert.equal(two.error.code, "IPC_VALIDATION_ERROR");
    assert.match(two.error.message, /arguments of a:echo cannot be sent: .*could not be cloned/);
    assert.equal(three.data.cycle, three.data);
    assert.equal(four.error.code, "IPC_HANDLER_ERROR");
    const [five, six] = await Promise.all([api.call("a:function"), api.call("a:echo", 6)]);
    assert.match(five.error.message, /the answer cannot be sent/);
    assert.equal(six.data, 6);
    assert.equal((await api.call("a:function")).error.code, "IPC_HANDLER_ERROR");
});

test("Date, Map, Set, BigInt, typed arrays and Error survive the way", async () => {
    const { manager, api } = app();
    manager.registerHandler("a:echo", (_, x) => x, { cacheable: true });
    const value = { date: new Date(5), map: new Map([[1, new Set([2])]]), big: 2n ** 70n, bytes: new Uint8Array([1, 2]), error: new RangeError("far") };
    for (let i = 0; i < 2; i++) assert.deepEqual((await api.call("a:echo", value)).data, value);
    const other = { ...value, big: 1n };
    assert.equal((await api.call("a:echo", other)).data.big, 1n, "another key in the cache");
});

test("each call of a batch is handled with its own caller", async () => {
    const { manager, api, openWindow } = app();
    manager.registerHandler("me:get", (event, n) => `${event.sender.id}-${n}`, { batchable: true, batchDelay: 5 });
    const other = createElectronAPI(openWindow().ipcRenderer);
    const answers = await Promise.all([api.call("me:get", 1), other.call("me:get", 2)]);
    assert.deepEqual(answers.map(({ data }) => data), ["1-1", "2-2"]);
    assert.equal(manager.batcher.getMetrics().totalBatches, 1);
});

test("a batch handler that breaks its promise fails its batch, and the next goes on", async () => {
    const { manager, api } = app();
    const answers = [() => [1], () => Promise.reject(new Error("no database")), (ids) => ids.map(([id]) => id)];
    manager.registerHandler("db:get", () => 0, { batchable: true, batchDelay: 1, batchHandler: (_, ids) => answers.shift()(ids) });
    const ask = () => Promise.all([1, 2].map((id) => api.call("db:get", id)));
    assert.match((await ask())[1].error.message, /1 answers to 2 requests/);
    assert.match((await ask())[0].error.message, /no database/);
    assert.deepEqual((await ask()).map(({ data }) => data), [1, 2]);
    assert.equal(manager.batcher.getMetrics().failedBatches, 2);
});

test("a stream of the page before ends, one of the new page goes on", async () => {
    const { manager, api, window } = app();
    manager.registerHandler("data:all", async function* () { for (;;) yield 1; }, { streamable: true, streamChunkSize: 2 });
    await api.call("data:all");
    window.navigationStarts();
    await api.call("data:all");
    window.navigate();
    assert.equal(manager.streaming.count, 1);
    window.crash();
    assert.equal(manager.streaming.count, 0);
});

test("a source that gives nothing is a time-out, one that is slow is not", async () => {
    const { manager, api } = app();
    const ended = [];
    const slow = (pause, n) => async function* () {
        try {
            for (let i = 0; i < n; i++) yield await new Promise((resolve) => setTimeout(resolve, pause, i));
        } finally {
            ended.push(pause);
        }
    };
    manager.registerHandler("data:never", slow(300, 1), { streamable: true, streamTimeout: 100 });
    manager.registerHandler("data:slow", slow(15, 10), { streamable: true, streamTimeout: 100 });
    assert.equal((await api.call("data:never")).error.code, "IPC_TIMEOUT");
    assert.equal((await api.call("data:slow")).data.length, 10);
    await until(() => ended.length === 2);
});

test("DEBUG_IPC tells calls, batches, chunks, the cache, and errors with their stack", async (t) => {
    const lines = [];
    const debug = t.mock.method(console, "debug", (line) => lines.push(line));
    process.env.DEBUG_IPC = "true";
    t.after(() => delete process.env.DEBUG_IPC);
    const { manager, api } = app();
    manager.registerHandler("a:batch", (_, n) => n, { batchable: true, batchDelay: 1, cacheable: true });
    manager.registerHandler("a:bad", () => Promise.reject(new Error("broken")));
    manager.registerHandler("a:many", () => [1, 2, 3], { streamable: true, streamChunkSize: 2 });
    await api.call("a:batch", 1);
    await api.call("a:batch", 1);
    await api.call("a:bad");
    const { data: id } = await api.call("a:many");
    let last = false;
    api.streaming.onChunk(id, (chunk) => (last = chunk.isLast));
    await until(() => last);
    debug.mock.restore();
    const text = lines.join("\n");
    for (const what of [/a:batch cache miss/, /a:batch batch of 1/, /a:batch cache hit/, /a:batch [\d.]+ ms cached/, /broken\n\s+at /, /a:bad .*IPC_HANDLER_ERROR/, /stream-1 chunk 1, 1 items, last/])
        assert.match(text, what);
    assert.equal(lines.filter((line) => line.includes("cache miss")).length, 2, "in the main process and in the window");
});

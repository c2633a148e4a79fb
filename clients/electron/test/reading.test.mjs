// SPDX-License-Identifier: MIT
//
// What a LogViewer in a window asks, over the bridge: streams, history and exports of records in memory, and
// nothing else of the hub.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bridgeFetch, bridgeService } from "@logmill/client";
import { IPCManager, LogEventHub, MemoryBackend, registerReadyHandlers } from "../dist/esm/index.js";
import { createElectronAPI } from "../dist/esm/preload.js";
import { fakeElectron, until } from "./fakes.mjs";

function app(store = new MemoryBackend()) {
    const electron = fakeElectron();
    const hub = new LogEventHub(store);
    const manager = new IPCManager();
    manager.attach(electron.ipcMain);
    registerReadyHandlers(manager, { hub });
    const window = electron.openWindow();
    const api = createElectronAPI(window.ipcRenderer);
    const say = (from, to, level = "info") => {
        for (let i = from; i <= to; i++) hub.logFromMain("c1", "a@b", `line ${i}`, level, "s");
    };
    return { hub, manager, window, api, service: bridgeService(api), say };
}

const texts = (logs) => logs.map(({ message }) => message);
const lines = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

test("a stream has the recent records first, then each new one that matches", async () => {
    const { service, hub, say } = app();
    say(1, 10);
    const seen = [];
    const streamer = service.streamAllLogs({ tail: 3, campaignId: "c1", onMessage: (log) => seen.push(log) });
    await until(() => seen.length === 3);
    say(11, 12, "error");
    hub.logFromMain("c2", "a@b", "of another");
    say(13, 13);
    await until(() => seen.length === 6);
    assert.deepEqual(texts(seen), lines(8, 13));
    const { campaign_id, user_email, session_id, level, source } = seen[3];
    assert.deepEqual([campaign_id, user_email, session_id, level, source], ["c1", "a@b", "s", "error", "electron"]);
    assert.ok(seen.every(({ id }, i) => i === 0 || id > seen[i - 1].id));
    streamer.disconnect();
});

test("history: pages, what lies around a record, one record, filters with their mistakes", async () => {
    const { service, say } = app();
    say(1, 20);
    say(21, 22, "error");
    assert.deepEqual(texts((await service.search({ limit: 2 })).logs), ["line 22", "line 21"]);
    assert.deepEqual(texts((await service.search({ q: "id>3", order: "asc", limit: 2 })).logs), ["line 4", "line 5"]);
    const { logs, pagination } = await service.search({ level: "error", from: new Date(Date.now() - 60_000) });
    assert.deepEqual([texts(logs), pagination.total], [["line 22", "line 21"], 2]);
    assert.equal((await service.search({ to: new Date(0) })).logs.length, 0);
    assert.deepEqual(texts((await service.around(10, { level: "error", before: 1, after: 1 })).logs), ["line 10", "line 21"]);
    assert.equal((await service.getRecord(7)).message, "line 7");
    await assert.rejects(service.getRecord(999), { status: 404 });
    await assert.rejects(service.search({ q: "(a" }), { status: 400, message: /never closed/ });
    assert.equal((await service.search({ jobRunId: "42" })).logs.length, 0, "a label that no record has");
});

test("an export comes under its name", async () => {
    const { service, say } = app();
    say(1, 2);
    const answer = await service.export({ format: "csv" });
    assert.match(answer.headers.get("content-disposition"), /logs\.csv/);
    assert.match(await answer.text(), /^id,timestamp,level,source,message\n"1","[^"]+","info","electron","line 1"\n/);
    assert.equal((await (await service.export({ format: "ndjson" })).text()).trim().split("\n").length, 2);
});

test("a window may read logs, and ask for nothing else", async () => {
    const { service, api } = app();
    for (const path of ["/api/v1/processes", "/api/v1/logs/../processes", "/api/v1/config"])
        await assert.rejects(service.ask(path), /logs, and for nothing else/);
    assert.equal((await api.call("logs:read", 7)).error.code, "IPC_VALIDATION_ERROR");
});

test("a page that is left, a stream that is closed and a request that is aborted end in the main process", async () => {
    const { service, manager, window, api } = app();
    const streamer = service.streamAllLogs();
    await until(() => manager.streaming.count === 1);
    streamer.disconnect();
    await until(() => manager.streaming.count === 0);
    service.streamAllLogs({ autoReconnect: false });
    await until(() => manager.streaming.count === 1);
    window.reload();
    await until(() => manager.streaming.count === 0);
    const stop = new AbortController();
    const fetch = bridgeFetch(api);
    const response = await fetch("http://x/api/v1/logs/stream/sse", { signal: stop.signal });
    stop.abort();
    await assert.rejects(response.text(), { name: "AbortError" });
    await until(() => manager.streaming.count === 0);
    await assert.rejects(fetch("http://x/api/v1/logs/stream/sse", { signal: stop.signal }), { name: "AbortError" });
});

test("who falls behind is told what memory could not keep", async () => {
    const { api, say } = app(new MemoryBackend(100));
    const alive = setInterval(() => {}, 1000);
    const response = await bridgeFetch(api)("http://x/api/v1/logs/stream/sse?after=0");
    say(1, 2000);
    const reader = response.body.getReader();
    let text = "";
    while (!text.includes('"line 2000"')) text += Buffer.from((await reader.read()).value).toString();
    clearInterval(alive);
    const seen = { log: [], gap: [] };
    for (const [, type, data] of text.matchAll(/event: (\w+)\ndata: (.*)\n/g)) seen[type].push(JSON.parse(data));
    const lost = seen.gap.reduce((sum, { count }) => sum + count, 0);
    assert.ok(lost > 1800, `${lost} announced`);
    assert.equal(seen.log.length + lost, 2000, "each record once, or announced");
    await reader.cancel();
});

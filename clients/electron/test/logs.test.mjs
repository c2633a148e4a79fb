// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { IpcLogger, LogEventHub, MemoryBackend, startBackend } from "../dist/esm/index.js";
import { createElectronAPI } from "../dist/esm/preload.js";
import { fakeElectron, until } from "./fakes.mjs";

function app() {
    const electron = fakeElectron();
    const hub = new LogEventHub();
    hub.attach(electron.ipcMain);
    const open = () => {
        const window = electron.openWindow();
        const api = createElectronAPI(window.ipcRenderer);
        const seen = [];
        const stop = api.onLogUpdate((record, dropped) => seen.push({ ...record, dropped }));
        return { ...window, api, seen, stop };
    };
    return { hub, logger: new IpcLogger(hub), open };
}

test("records of main process and windows reach every window that registered", async () => {
    const { logger, open } = app();
    const [one, two, three] = [open(), open(), open()];
    await one.api.registerForLogs();
    await two.api.registerForLogs("c1", "a@b");
    await logger.logSession("c1", "a@b", "s1", "warning", "from main");
    await logger.logCampaign("c2", "x@y", "for another");
    await one.api.logFromRenderer("c1", "a@b", { level: "info", message: "from a window", sessionId: "ui" });
    await until(() => one.seen.length === 3 && two.seen.length === 2);
    assert.deepEqual(one.seen.map((r) => r.message), ["from main", "for another", "from a window"]);
    assert.deepEqual(two.seen.map((r) => [r.message, r.level, r.sessionId]), [["from main", "warn", "s1"], ["from a window", "info", "ui"]]);
    assert.equal(three.seen.length, 0);
    one.stop();
    await logger.systemInfo("later");
    await until(() => two.seen.length === 3);
    assert.equal(one.seen.length, 3, "unsubscribed");
});

test("records are kept by campaign and user, counted and cleared", async () => {
    const { logger, open } = app();
    const { api } = open();
    const scoped = logger.createScopedLogger("c1", "a@b");
    for (let i = 1; i <= 5; i++) await scoped.info(`line ${i}`, "s");
    await logger.logCampaign("c2", "a@b", "other");
    assert.deepEqual((await api.getLogs("c1", "a@b", 2)).map((r) => r.message), ["line 4", "line 5"]);
    assert.equal(await api.getLogCount("c1", "a@b"), 5);
    assert.equal(await api.clearLogs("c1", "a@b"), 5);
    assert.equal(await api.getLogCount("c1", "a@b"), 0);
    assert.equal(await api.getLogCount("c2", "a@b"), 1);
});

test("records expire, and memory has a limit", async () => {
    let now = Date.parse("2026-01-15T00:00:00Z");
    const memory = new MemoryBackend(10, 1000, () => now);
    const write = (message) => memory.write({ campaignId: "c", userEmail: "u", level: "info", message, timestamp: new Date(now).toISOString() });
    for (let i = 0; i < 100; i++) write(String(i));
    assert.ok((await memory.count("c", "u")) <= 11);
    assert.equal((await memory.get("c", "u", 1))[0].message, "99");
    now += 2000;
    assert.equal(await memory.count("c", "u"), 0);
});

test("a window that stalls holds a bounded number and is told how many it lost", async () => {
    const { hub, logger, open } = app();
    const window = open();
    await window.api.registerForLogs();
    const silent = window.ipcRenderer.send;
    window.ipcRenderer.send = () => {}; // confirms nothing any more
    for (let i = 0; i < 50; i++) await logger.logSystem(`w ${i}`, "warn");
    for (let i = 0; i < 3000; i++) await logger.logSystem(`line ${i}`, "warn");
    await until(() => window.seen.length === 8);
    window.ipcRenderer.send = silent;
    for (let i = 0; i < 8; i++) silent("log-batch-taken");
    await until(() => window.seen.at(-1)?.message === "line 2999");
    const lost = window.seen.reduce((sum, r) => sum + r.dropped, 0);
    assert.equal(window.seen.length + lost, 3050, "shown and lost are all there were");
    assert.ok(lost >= 2000);
    window.close();
    assert.equal(hub.windowCount, 0);
});

test("a window that reloads registers anew and gets each record once", async () => {
    const { hub, logger, open } = app();
    const window = open();
    await window.api.registerForLogs();
    window.reload();
    assert.equal(hub.windowCount, 0);
    await window.api.registerForLogs();
    await window.api.registerForLogs();
    await logger.logSystem("once");
    await until(() => window.seen.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(window.seen.length, 1);
});

test("where no hub can run, records are kept in memory and it is said why", async () => {
    const reasons = [];
    const { backend, stop } = await startBackend({ userData: "/nonexistent", onMemoryOnly: (reason) => reasons.push(reason) });
    assert.equal(backend.isDurable, false);
    assert.match(reasons[0], /no logmill program/);
    await stop();
});

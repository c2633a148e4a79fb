// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { IpcLogger, logEventHub, LogEventHub, logToIPC, MemoryBackend, startBackend } from "../dist/esm/index.js";
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
    const write = (message) => memory.write({ key: message, campaignId: "c", userEmail: "u", level: "info", message, timestamp: new Date(now).toISOString() });
    for (let i = 0; i < 100; i++) write(String(i));
    assert.ok((await memory.count({ campaignId: "c", userEmail: "u" })) <= 11);
    assert.equal((await memory.get({ campaignId: "c" }, 1))[0].message, "99");
    now += 2000;
    assert.equal(await memory.count({ campaignId: "c", userEmail: "u" }), 0);
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

test("a page that is left is forgotten, and the next registers anew and gets each record once", async () => {
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
    window.crash();
    assert.equal(hub.windowCount, 0);
});

test("a #fragment, a frame and a download leave the page where it is", async () => {
    const { hub, open } = app();
    const window = open();
    await window.api.registerForLogs();
    window.navigationStarts({ isSameDocument: true });
    window.navigate();
    window.navigationStarts({ isMainFrame: false });
    window.navigate();
    window.navigationStarts(); // a download: it is never committed
    assert.equal(hub.windowCount, 1);
});

test("a new page may register before the main process hears that it is there", async () => {
    const { hub, open } = app();
    const window = open();
    await window.api.registerForLogs();
    window.navigationStarts();
    await window.api.registerForLogs();
    window.navigate();
    assert.equal(hub.windowCount, 1);
});

test("a window that reloads a hundred times leaves nothing behind", async () => {
    const { hub, open } = app();
    const window = open();
    for (let i = 0; i < 100; i++) {
        await window.api.registerForLogs();
        window.reload();
    }
    const listeners = window.events.eventNames().map((name) => window.events.listenerCount(name));
    assert.deepEqual(listeners, [1, 1, 1, 1]);
    window.close();
    assert.equal(hub.windowCount, 0);
});

test("records go on at the rhythm of 16 ms, warnings at once", async () => {
    const electron = fakeElectron();
    const hub = new LogEventHub();
    hub.attach(electron.ipcMain);
    const window = electron.openWindow();
    const messages = [];
    const send = window.webContents.send;
    window.webContents.send = (channel, ...args) => {
        if (channel === "log-batch") messages.push(args[0].map((r) => r.message));
        send(channel, ...args);
    };
    const api = createElectronAPI(window.ipcRenderer);
    await api.registerForLogs();
    for (let i = 0; i < 10; i++) hub.logSystem(`calm ${i}`);
    assert.equal(messages.length, 0);
    await until(() => messages.length === 1);
    assert.equal(messages[0].length, 10);
    hub.logSystem("before");
    hub.logSystem("alarm", "error");
    assert.deepEqual(messages[1], ["before", "alarm"]);
});

test("a page that is not the app's own sees and writes nothing", async () => {
    const electron = fakeElectron();
    const hub = new LogEventHub();
    hub.attach(electron.ipcMain);
    for (const url of ["https://evil.example/", "http://localhost.evil.example/", "data:text/html,x", "about:blank"]) {
        const api = createElectronAPI(electron.openWindow(url).ipcRenderer);
        await assert.rejects(api.registerForLogs(), /may not use the log/);
        await assert.rejects(api.getLogs("c", "u"), /may not/);
        await assert.rejects(api.logFromRenderer("c", "u", { message: "m" }), /may not/);
    }
    const left = electron.openWindow();
    left.event.senderFrame = null;
    await assert.rejects(createElectronAPI(left.ipcRenderer).getLogs(), /may not/);
    for (const url of ["file:///app/index.html", "app://main/", "http://localhost:5173/", "http://127.0.0.1:3000/x"])
        await createElectronAPI(electron.openWindow(url).ipcRenderer).registerForLogs();
});

test("a record has the same key live and from the store, so a page shows it once", async () => {
    const { logger, open } = app();
    const { api, seen } = open();
    await api.registerForLogs();
    await logger.logSession("c1", "a@b", "s1", "info", "one");
    await until(() => seen.length === 1);
    const [stored] = await api.getLogs("c1", "a@b");
    assert.equal(stored.key, seen[0].key);
    assert.equal(typeof stored.id, "number");
});

test("without a campaign and a user everything is meant, save for clearing", async () => {
    const { logger, open } = app();
    const { api } = open();
    await logger.logBatch([
        { campaignId: "c1", userEmail: "a@b", message: "one", level: "WARNING" },
        { campaignId: "c2", message: "two" },
        { message: "three", timestamp: "2100-01-15T10:00:00Z" },
    ]);
    assert.deepEqual((await api.getLogs()).map((r) => [r.message, r.level]), [["one", "warn"], ["two", "info"], ["three", "info"]]);
    assert.equal((await api.getLogs())[2].timestamp, "2100-01-15T10:00:00.000Z");
    assert.equal(await api.getLogCount(undefined, "a@b"), 1);
    await assert.rejects(api.clearLogs(), /a campaign or a user is needed/);
});

test("what was logged before there was a hub is given to it", async () => {
    const hub = new LogEventHub();
    await hub.logSystem("early");
    const later = new MemoryBackend();
    hub.use(later);
    await hub.logSystem("late");
    assert.deepEqual((await later.get({}, 10)).map((r) => r.message), ["early", "late"]);
});

test("workers log through the main process", async () => {
    const hub = new LogEventHub();
    const seen = [];
    hub.on("log", (record) => seen.push(record));
    const code = `import("${new URL("../dist/esm/index.js", import.meta.url)}").then((m) => m.logToIPC("c1", "a@b", "s1", "warn", "from a thread"))`;
    const thread = new Worker(code, { eval: true });
    hub.addWorker(thread);
    const script = new URL("forked.mjs", import.meta.url);
    const child = fork(script);
    hub.addWorker(child);
    await until(() => seen.length === 2);
    await thread.terminate();
    child.kill();
    const told = seen.map((r) => [r.campaignId, r.userEmail, r.sessionId, r.level, r.message]);
    assert.deepEqual(told.sort(), [["c1", "a@b", "s1", "info", "from a child"], ["c1", "a@b", "s1", "warn", "from a thread"]]);
    await logToIPC("c1", "a@b", "s1", "info", "from the main process"); // the shared hub's
    assert.equal(await logEventHub.getLogCount("c1", "a@b"), 1);
});

test("where no hub can run, records are kept in memory and it is said why", async () => {
    const reasons = [];
    const { backend, stop } = await startBackend({ userData: "/nonexistent", onMemoryOnly: (reason) => reasons.push(reason) });
    assert.equal(backend.isDurable, false);
    assert.match(reasons[0], /no logmill program/);
    await stop();
});

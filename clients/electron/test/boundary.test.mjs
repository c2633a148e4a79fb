// SPDX-License-Identifier: MIT
//
// The bundled preload script in windows that are threads, behind a strict context bridge.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AppConfig, IPCManager, LogEventHub, registerReadyHandlers } from "../dist/esm/index.js";
import { until } from "./fakes.mjs";
import { threadedElectron } from "./threads.mjs";

async function app(t) {
    const electron = threadedElectron(t);
    const hub = new LogEventHub();
    const manager = new IPCManager();
    hub.attach(electron.ipcMain);
    manager.attach(electron.ipcMain);
    const config = new AppConfig({ values: { theme: "dark", size: 12 } });
    registerReadyHandlers(manager, { hub, config, app: { getName: () => "shop", getVersion: () => "1.2.3" } });
    return { ...electron, hub, manager, config, window: await electron.openWindow() };
}

const SHAPE = {
    registerForLogs: 0, onLogUpdate: 0, getLogs: 0, clearLogs: 0, getLogCount: 0, logFromRenderer: 0, call: 0,
    db: ["search", "getPopular", "getEntry", "getMultipleEntries"],
    system: ["getInfo", "getMetrics"],
    config: ["get", "set", "onChange"],
    streaming: ["onChunk", "onError", "removeStreamListeners", "cancel"],
};

test("a page finds these functions and nothing else, frozen, and no ipcRenderer", async (t) => {
    const { window } = await app(t);
    const found = await window.run(() => {
        const shape = (v) => (typeof v === "function" ? 0 : Object.fromEntries(Object.entries(v).map(([k, m]) => [k, shape(m)])));
        const { electronAPI } = window;
        return { shape: shape(electronAPI), frozen: [electronAPI, electronAPI.db, electronAPI.streaming].every(Object.isFrozen), require: typeof window.require };
    });
    const wanted = Object.fromEntries(Object.entries(SHAPE).map(([name, members]) => [name, members && Object.fromEntries(members.map((m) => [m, 0]))]));
    assert.deepEqual(found, { shape: wanted, frozen: true, require: "undefined" });
});

test("records reach the pages of several windows, and each can ask for what was", async (t) => {
    const { hub, window, openWindow } = await app(t);
    const listen = async (c, u) => {
        await window.electronAPI.registerForLogs(c, u);
        window.seen = [];
        window.stop = window.electronAPI.onLogUpdate((record) => window.seen.push(record));
    };
    const two = await openWindow();
    await window.run(listen);
    await two.run(listen, "c1", "a@b");
    await window.run(() => window.electronAPI.logFromRenderer("c1", "a@b", { level: "info", message: "from a window", sessionId: "ui", timestamp: "2026-01-15T10:30:45.123Z" }));
    hub.logTrafficSession("c1", "a@b", "s1", "error", "from main");
    hub.logFromMain("c2", "x@y", "for another", "warn");
    hub.logSystem("for all");
    const seen = (w) => w.run(() => window.seen.map((r) => r.message));
    const eventually = async (w, wanted) => {
        let now;
        await until(async () => (now = await seen(w)).length >= wanted.length).catch(() => {});
        assert.deepEqual(now, wanted);
    };
    await eventually(window, ["from a window", "from main", "for another", "for all"]);
    await eventually(two, ["from a window", "from main", "for all"]);
    const [record] = await window.run(() => window.electronAPI.getLogs("c1", "a@b", 1000));
    assert.deepEqual(
        [record.message, record.level, record.sessionId, record.timestamp, record.campaignId, record.userEmail],
        ["from a window", "info", "ui", "2026-01-15T10:30:45.123Z", "c1", "a@b"],
    );
    assert.equal(await two.run(() => window.electronAPI.getLogCount("c1", "a@b")), 2);
    assert.equal(await two.run(() => window.electronAPI.clearLogs("c1", "a@b")), 2);
    await window.run(() => window.stop());
    hub.logSystem("after");
    await eventually(two, ["from a window", "from main", "for all", "after"]);
    assert.equal((await seen(window)).length, 4);
});

test("errors lose their properties on the way, answers do not", async (t) => {
    const { manager, window } = await app(t);
    manager.registerHandler("a:throw", () => {
        throw Object.assign(new TypeError("no such user"), { details: { id: 7 }, code: 42 });
    });
    const answer = await window.run(() => window.electronAPI.call("a:throw"));
    assert.deepEqual(answer.error, { code: "IPC_HANDLER_ERROR", message: "no such user", details: { id: 7 } });
    const refused = await window.run(() => window.electronAPI.logFromRenderer("c", "u", {}).catch((e) => ({ message: e.message, keys: Object.keys(e) })));
    assert.match(refused.message, /Error invoking remote method 'log-from-renderer': TypeError: an entry needs a message/);
    assert.deepEqual(refused.keys, []);
    const thrown = await window.run(() => {
        try {
            return window.electronAPI.call(Symbol("x"));
        } catch (e) {
            return e.message;
        }
    });
    assert.match(thrown, /could not be cloned/, "the bridge itself refuses symbols");
});

test("a long answer is streamed across the bridge, with progress", async (t) => {
    const { manager, window } = await app(t);
    manager.registerHandler("data:all", () => Array.from({ length: 2500 }, (_, i) => ({ i, at: new Date(i) })), { streamable: true });
    const chunks = await window.run(async () => {
        const { data: id, success } = await window.electronAPI.call("data:all");
        if (!success || typeof id !== "string") throw new Error("no stream");
        return new Promise((resolve) => {
            const seen = [];
            window.electronAPI.streaming.onError(id, (error) => resolve(error));
            window.electronAPI.streaming.onChunk(id, (chunk) => {
                seen.push([chunk.chunkIndex, chunk.data.length, chunk.progress, chunk.isLast]);
                if (!chunk.isLast) return;
                window.electronAPI.streaming.removeStreamListeners(id);
                resolve(seen);
            });
        });
    });
    assert.deepEqual(chunks, [
        [0, 1000, { current: 1000, total: 2500, percentage: 40 }, false],
        [1, 1000, { current: 2000, total: 2500, percentage: 80 }, false],
        [2, 500, { current: 2500, total: 2500, percentage: 100 }, true],
    ]);
    assert.equal(manager.streaming.count, 0);
});

test("the ready handlers answer: db, system, config", async (t) => {
    const { hub, window, config } = await app(t);
    for (let i = 1; i <= 3; i++) hub.logFromMain("c1", "a@b", `VSAM error ${i}`, "error");
    hub.logSystem("fine");
    const answers = await window.run(async () => {
        const { db, system, config } = window.electronAPI;
        const found = await db.search("level>=error VSAM", 2);
        return {
            search: found.data.map((r) => r.message),
            cached: found.metadata.cached,
            bad: (await db.search("(")).error.code,
            worse: (await db.search("x", -1)).error.code,
            popular: (await db.getPopular(1000)).data,
            entry: (await db.getEntry(found.data[0].id)).data.message,
            entries: (await db.getMultipleEntries([found.data[0].id, 99])).data.map((r) => r?.message ?? null),
            info: (await system.getInfo()).data,
            metrics: (await system.getMetrics()).data,
            theme: (await config.get("theme")).data,
            unknown: (await config.get("colour")).error.message,
            wrong: (await config.set("size", "big")).error,
        };
    });
    assert.deepEqual(answers.search, ["VSAM error 3", "VSAM error 2"]);
    assert.deepEqual([answers.cached, answers.bad, answers.worse], [false, "IPC_HANDLER_ERROR", "IPC_VALIDATION_ERROR"]);
    assert.deepEqual(answers.popular, [{ pattern: "VSAM error *", count: 3 }, { pattern: "fine", count: 1 }]);
    assert.equal(answers.entry, "VSAM error 3");
    assert.deepEqual(answers.entries, ["VSAM error 3", null]);
    assert.deepEqual([answers.info.name, answers.info.version, answers.info.isDurable], ["shop", "1.2.3", false]);
    assert.deepEqual(Object.keys(answers.metrics), ["manager", "batches", "streams"]);
    assert.equal(answers.theme, "dark");
    assert.match(answers.unknown, /no setting colour/);
    assert.deepEqual(answers.wrong, { code: "IPC_VALIDATION_ERROR", message: "size must be a number", details: { key: "size" } });
    await window.run(async () => {
        window.changes = [];
        window.electronAPI.config.onChange((key, value) => window.changes.push([key, value]));
        await window.electronAPI.config.set("theme", "light");
    });
    await config.set("size", 14);
    await until(async () => (await window.run(() => window.changes.length)) === 2);
    assert.deepEqual(await window.run(() => window.changes), [["theme", "light"], ["size", 14]]);
});

test("a window that is busy is told what it lost, and delays no other", async (t) => {
    const { hub, window, openWindow } = await app(t);
    const other = await openWindow();
    for (const each of [window, other])
        await each.run(async () => {
            window.seen = 0;
            window.lost = 0;
            window.electronAPI.onLogUpdate((record, dropped) => {
                window.seen += 1;
                window.lost += dropped;
                window.last = record.message;
            });
            await window.electronAPI.registerForLogs();
        });
    const busy = window.run((ms) => {
        for (const end = Date.now() + ms; Date.now() < end; );
    }, 400);
    for (let round = 0; round < 40; round++) {
        for (let i = 0; i < 100; i++) hub.logSystem(`${round * 100 + i}`);
        const goal = (round + 1) * 100;
        await until(async () => (await other.run(() => window.seen)) === goal);
    }
    await busy;
    hub.logSystem("the end");
    await until(async () => (await window.run(() => window.last)) === "the end");
    const { seen, lost } = await window.run(() => ({ seen: window.seen, lost: window.lost }));
    assert.equal(seen + lost, 4001);
    assert.equal(await other.run(() => window.lost), 0);
});

test("windows that reload, crash and close leave nothing", async (t) => {
    const { hub, manager, window, openWindow } = await app(t);
    manager.registerHandler("data:endless", async function* () { for (;;) yield 1; }, { streamable: true, streamChunkSize: 10 });
    const begin = async () => {
        await window.electronAPI.registerForLogs();
        const { data } = await window.electronAPI.call("data:endless");
        window.electronAPI.streaming.onChunk(data, () => {});
    };
    const [two, three] = [await openWindow(), await openWindow()];
    for (const each of [window, two, three]) await each.run(begin);
    assert.deepEqual([hub.windowCount, manager.streaming.count], [3, 3]);
    window.reload();
    await two.crash();
    await three.close();
    assert.deepEqual([hub.windowCount, manager.streaming.count], [0, 0]);
    await window.run(begin);
    assert.deepEqual([hub.windowCount, manager.streaming.count], [1, 1], "the new page begins anew");
    for (let i = 0; i < 100; i++) hub.logSystem("nobody of the others hears it");
});

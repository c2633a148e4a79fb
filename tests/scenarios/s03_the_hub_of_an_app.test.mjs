// SPDX-License-Identifier: MIT
//
// An Electron app's main process starts a hub without a port, keeps records in it by campaign and
// user, finds them again, and starts it again when it was killed.

import assert from "node:assert/strict";
import { HubBackend, IPCManager, LogEventHub, registerReadyHandlers, startBackend } from "../../clients/electron/dist/esm/index.js";
import { LOGMILL } from "../lib/paths.mjs";
import { pidsOf } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

async function startIn(s, options = {}) {
    const started = await startBackend({ userData: s.dir, binary: LOGMILL, onMemoryOnly: (reason) => assert.fail(reason), ...options });
    s.clients.push({ close: () => started.stop() });
    return started;
}

scenario("records of an app are kept by a hub of its own", async (s) => {
    const hub = new LogEventHub();
    await hub.logFromMain("c1", "a@b.example", "before there was a hub");
    const { backend, stop } = await startIn(s);
    hub.use(backend);
    assert.ok(hub.isDurable);
    for (let i = 1; i <= 20; i++) hub.logTrafficSession("c1", "a@b.example", "s1", "info", `line ${i}`);
    hub.logFromMain("c2", "a@b.example", "of another", "error");
    hub.logSystem("for all");
    const logs = await hub.getLogs("c1", "a@b.example", 3);
    assert.deepEqual(
        logs.map((log) => [log.message, log.sessionId, log.campaignId, typeof log.key, typeof log.id]),
        [18, 19, 20].map((n) => [`line ${n}`, "s1", "c1", "string", "number"]),
    );
    assert.equal(await hub.getLogCount("c1", "a@b.example"), 21);
    assert.equal(await hub.getLogCount(), 23);
    const again = await startIn(s, { binary: "/nonexistent" });
    assert.ok(again.backend instanceof HubBackend, "the hub that runs is used");
    assert.equal(await again.backend.count({ campaignId: "c2" }), 1);
    assert.equal(await hub.clearLogs("c1", "a@b.example"), 21);
    assert.equal(await hub.getLogCount("c1"), 0);
    await stop();
    const next = await startIn(s);
    assert.equal(await next.backend.count({ campaignId: "c2" }), 1, "in the next life of the app, too");
});

scenario("the ready handlers ask the hub", async (s) => {
    const hub = new LogEventHub((await startIn(s)).backend);
    const manager = new IPCManager();
    registerReadyHandlers(manager, { hub });
    const window = { id: 1, isDestroyed: () => false, send() {}, on() {}, once() {} };
    const ask = async (channel, ...args) => {
        const answer = await manager.call({ sender: window, senderFrame: { url: "file:///app/index.html" } }, channel, args);
        return answer.success ? answer.data : answer.error;
    };
    for (let i = 1; i <= 5; i++) hub.logFromMain("c1", "a@b.example", `VSAM error ${i}`, "error");
    hub.logSystem("fine");
    const found = await ask("db:search", "level>=error VSAM", 2);
    assert.deepEqual(
        found.map((log) => log.message),
        ["VSAM error 5", "VSAM error 4"],
    );
    assert.equal((await ask("db:search", { campaignId: "c1", from: "1h" })).length, 5);
    assert.match((await ask("db:search", "(")).message, /never closed/);
    const [{ pattern, count }] = await ask("db:getPopular", 3);
    assert.deepEqual([pattern, count], ["VSAM error *", 5]);
    const [entry, missing] = await ask("db:getMultipleEntries", [found[0].id, 999_999]);
    assert.deepEqual([entry.message, missing], ["VSAM error 5", null]);
});

scenario("the hub of an app is killed: it is started again, and has every record once", async (s) => {
    const { backend } = await startIn(s);
    const hub = new LogEventHub(backend);
    const [first] = pidsOf(backend.socket);
    for (let i = 1; i <= 5000; i++) {
        hub.logFromMain("c1", "a@b.example", `line ${i}`);
        if (i === 2500) process.kill(first, "SIGKILL");
        if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until("another hub", () => pidsOf(backend.socket).some((pid) => pid !== first));
    await until("every record", async () => (await hub.getLogCount("c1").catch(() => 0)) === 5000);
    const logs = await hub.getLogs("c1", "", 10_000);
    assert.deepEqual(
        logs.map((log) => log.message),
        Array.from({ length: 5000 }, (_, i) => `line ${i + 1}`),
    );
    assert.equal(new Set(logs.map((log) => log.key)).size, 5000);
});

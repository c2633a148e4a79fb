// SPDX-License-Identifier: MIT
//
// Calls to the hub, over the local socket and over /api/v1/ipc: questions, streams, what callers may not
// do, and what happens to those who do not keep to the protocol.

import assert from "node:assert/strict";
import net from "node:net";
import { scenario } from "../lib/scenario.mjs";
import { IpcCaller } from "../lib/ipc.mjs";
import { frame, hello } from "../lib/frames.mjs";
import { bearer, makeToken } from "../lib/tokens.mjs";
import { until } from "../lib/wait.mjs";

const wsUrl = (hub) => hub.url.replace("http", "ws") + "/api/v1/ipc";
const overSocket = (hub) => IpcCaller.connect({ socket: hub.socket });
const overWebSocket = (hub, more = {}) => IpcCaller.connect({ url: wsUrl(hub), ...more });

async function write(caller, count, extra = {}) {
    const records = Array.from({ length: count }, (_, i) => ({ message: `line ${i}`, level: "info", ...extra }));
    const answer = await caller.call("logs:write", { source: "app", records });
    assert.equal(answer.code, "OK", answer.message);
    assert.equal(answer.data.accepted, count);
}

for (const [name, connect] of [["local socket", overSocket], ["WebSocket", overWebSocket]]) {
    scenario(`${name}: written records are counted, found and told`, async (s) => {
        const hub = await s.hub();
        const caller = await connect(hub);
        await write(caller, 20, { campaignId: "c1", userEmail: "a@b.c" });
        await write(caller, 5, { campaignId: "c2", level: "error" });
        const count = await caller.call("logs:count", { campaign_id: "c1" });
        assert.deepEqual(count.data, { count: 20, at_least: false });
        const got = (await caller.call("logs:get", { campaignId: "c1", userEmail: "a@b.c", limit: 3 })).data.logs;
        assert.deepEqual(got.map((r) => r.message), ["line 17", "line 18", "line 19"]);
        const found = (await caller.call("logs:search", { q: "level>=error", limit: 2 })).data;
        assert.equal(found.pagination.total, 5);
        assert.deepEqual(found.logs.map((r) => r.message), ["line 4", "line 3"]);
        const popular = (await caller.call("logs:popular", { source: "app" })).data;
        assert.equal(popular.patterns[0].pattern, "line *");
        assert.equal(popular.patterns[0].count, 25);
        caller.close();
    });

    scenario(`${name}: a subscriber gets what was, and what comes, each once`, async (s) => {
        const hub = await s.hub();
        const caller = await connect(hub);
        await write(caller, 2500);
        const seen = [];
        let begin;
        const stream = caller.stream("logs:subscribe", { source: "app", after: 0 }, (items) => {
            for (const item of items) {
                if (item.type === "subscribed") begin = item.cursor;
                else seen.push(item);
            }
        });
        await write(caller, 10);
        await until("all records", () => seen.length >= 2510);
        await write(caller, 1);
        await until("the last one", () => seen.length >= 2511);
        assert.match(begin, /^[0-9a-f]{8}\.0$/);
        for (let i = 1; i < seen.length; i++) assert.ok(seen[i].id > seen[i - 1].id);
        assert.equal(seen.length, 2511);
        caller.cancel(stream.request);
        assert.equal((await stream).code, "IPC_CANCELLED");
        const tail = [];
        caller.stream("logs:register", { tail: 3, source: "app" }, (items) => tail.push(...items));
        await until("the tail", () => tail.length === 4);
        assert.deepEqual(tail.slice(1).map((r) => r.message), ["line 8", "line 9", "line 0"]);
        caller.close();
    });
}

scenario("a subscriber that reads nothing is bounded, and loses nothing when it reads again", async (s) => {
    const hub = await s.hub();
    const caller = await overSocket(hub);
    const slow = await overSocket(hub);
    const seen = [];
    const stream = slow.stream("logs:subscribe", { source: "app" }, (items) => seen.push(...items), {
        credit: 4096,
        paused: true,
    });
    await until("its beginning", () => seen.length >= 1);
    const before = hub.memoryKb();
    for (let i = 0; i < 20; i++) await write(caller, 1000, { text: "x".repeat(200) });
    assert.ok(seen.length < 2000, `${seen.length} records without credit`);
    assert.ok(hub.memoryKb() - before < 40 * 1024, `${hub.memoryKb() - before} kB`);
    slow.credit(stream.request, 1 << 30);
    await until("everything", () => seen.length >= 20001);
    const ids = seen.slice(1).map((r) => r.id);
    assert.equal(new Set(ids).size, 20000);
    assert.deepEqual(ids, [...ids].sort((a, b) => a - b));
    caller.close();
    slow.close();
});

scenario("what is stored comes as a stream with its progress", async (s) => {
    const hub = await s.hub();
    const caller = await overWebSocket(hub);
    for (let i = 0; i < 5; i++) await write(caller, 1000);
    let rows = 0;
    const shares = [];
    const end = await caller.stream("logs:scan", { source: "app" }, (items, progress) => {
        rows += items.length;
        shares.push(progress.current / (progress.total || 1));
    });
    assert.equal(end.code, "OK");
    assert.equal(rows, 5000);
    assert.deepEqual(shares, [...shares].sort((a, b) => a - b));
    assert.equal(end.progress.current, end.progress.total);
    const little = await caller.stream("logs:scan", { source: "nobody" }, () => {});
    assert.equal(little.code, "OK");
    caller.close();
});

scenario("wrong arguments say what is wrong", async (s) => {
    const hub = await s.hub();
    const caller = await overSocket(hub);
    const code = async (channel, args) => (await caller.call(channel, args)).code;
    assert.equal(await code("no:body", {}), "IPC_UNKNOWN_CHANNEL");
    assert.equal(await code("logs:count", "{"), "IPC_VALIDATION_ERROR");
    assert.equal(await code("logs:count", [1]), "IPC_VALIDATION_ERROR");
    const misspelt = await caller.call("logs:count", { job_run: "x" });
    assert.equal(misspelt.code, "IPC_VALIDATION_ERROR");
    assert.equal(misspelt.details.path, "job_run");
    const filter = await caller.call("logs:search", { q: "(a" });
    assert.equal(filter.details.path, "q");
    assert.equal(await code("logs:get", { limit: -1 }), "IPC_VALIDATION_ERROR");
    assert.equal(await code("logs:write", { records: [{ message: "m" }], source: "" }), "IPC_VALIDATION_ERROR");
    assert.equal(await code("processes:get", { name: "nobody" }), "IPC_VALIDATION_ERROR");
    caller.close();
});

scenario("processes and the hub: for the owner, not for a page without a session", async (s) => {
    const hub = await s.hub({ processes: { sleeper: { command: ["sleep", "1000"] } } });
    const owner = await overSocket(hub);
    const changes = [];
    owner.stream("processes:watch", undefined, (items) => changes.push(...items.map((p) => p.state)));
    await until("the process runs", () => changes.includes("running"));
    assert.equal((await owner.call("processes:list")).data.processes[0].name, "sleeper");
    assert.equal((await owner.call("processes:stop", { name: "sleeper" })).code, "OK");
    await until("the process has ended", () => changes.includes("exited"));
    const info = (await owner.call("system:info")).data;
    assert.equal(info.name, "logmill");
    assert.equal(info.pid, hub.pid);
    const metrics = (await owner.call("system:metrics")).data;
    assert.ok(metrics.hub.records_total > 0);
    assert.equal(metrics.ipc.channels["processes:stop"].totalRequests, 1);
    const page = await overWebSocket(hub);
    assert.equal((await page.call("processes:list")).code, "IPC_FORBIDDEN");
    assert.equal((await page.call("logs:count")).code, "OK");
    owner.close();
    page.close();
});

scenario("a foreign page is refused; garbage ends the connection and nothing else", async (s) => {
    const hub = await s.hub();
    await assert.rejects(overWebSocket(hub, { origin: "http://evil.example" }), /403/);
    const bystander = await overWebSocket(hub);
    assert.equal(bystander.protocol(), "logmill.ipc");
    for (const bytes of [
        Buffer.alloc(15),
        frame(0x20, Buffer.alloc(16), 0xffffffff),
        frame(0x20, Buffer.alloc(16)),
    ]) {
        const bad = await overWebSocket(hub);
        bad.send(bytes);
        await until("the connection ends", () => bad.closed);
        assert.equal(bad.closeCode, 1002);
    }
    const half = await overWebSocket(hub);
    half.send(hello().subarray(0, 20)); // part of a frame
    await until("the connection ends", () => half.closed);
    const local = net.connect(hub.socket);
    const answer = [];
    local.on("data", (bytes) => answer.push(bytes));
    const callerHello = hello();
    callerHello[24] = 1; // features: calls
    local.write(Buffer.concat([callerHello, frame(0x20, Buffer.alloc(2))]));
    await new Promise((done) => local.once("close", done));
    assert.match(Buffer.concat(answer).toString("latin1"), /ipc-protocol/);
    assert.equal((await bystander.call("logs:count")).code, "OK");
    bystander.close();
});

scenario("a batch with a key that comes twice is stored once", async (s) => {
    const hub = await s.hub();
    const caller = await overSocket(hub);
    const batch = { source: "app", batch: "run-1/7", records: [{ message: "a" }, { message: "b" }] };
    for (let i = 0; i < 2; i++) assert.equal((await caller.call("logs:write", batch)).data.accepted, 2);
    assert.equal((await caller.call("logs:count", { source: "app" })).data.count, 2);
    caller.close();
});

scenario("durability always: a write is answered once it is synced", async (s) => {
    const hub = await s.hub({ settings: { durability: "always" } });
    const caller = await overSocket(hub);
    await Promise.all(Array.from({ length: 20 }, () => write(caller, 3)));
    assert.equal((await caller.call("logs:count", { source: "app" })).data.count, 60);
    caller.close();
});

scenario("what was logged for a campaign of a user is cleared, by the owner alone", async (s) => {
    const hub = await s.hub();
    const owner = await overSocket(hub);
    await write(owner, 7, { campaignId: "c1", userEmail: "a@b.c" });
    await write(owner, 3, { campaignId: "c2", userEmail: "a@b.c" });
    const page = await overWebSocket(hub);
    assert.equal((await page.call("logs:clear", { campaignId: "c1" })).code, "IPC_FORBIDDEN");
    assert.equal((await owner.call("logs:clear", {})).code, "IPC_VALIDATION_ERROR");
    assert.equal((await owner.call("logs:clear", { campaignId: "c1", level: "error" })).details.path, "level");
    assert.deepEqual((await owner.call("logs:clear", { campaignId: "c1", userEmail: "a@b.c" })).data, { deleted: 7 });
    assert.equal((await owner.call("logs:count", { source: "app" })).data.count, 3);
    owner.close();
    page.close();
});

scenario("a token that is limited to labels sees and writes only those", async (s) => {
    const viewer = makeToken("viewer", "write", { campaign_id: "c1" });
    const hub = await s.hub({ settings: { auth: { tokens: [viewer.conf] } } });
    const owner = await overSocket(hub);
    await write(owner, 4, { campaignId: "c1" });
    await write(owner, 9, { campaignId: "c2" });
    const limited = await overWebSocket(hub, bearer(viewer.token));
    assert.equal((await limited.call("logs:count", { source: "app" })).data.count, 4);
    assert.equal((await limited.call("logs:count", { campaign_id: "c2" })).data.count, 0);
    assert.equal((await limited.call("system:metrics")).code, "IPC_FORBIDDEN");
    assert.equal((await limited.call("processes:list")).code, "IPC_FORBIDDEN");
    const seen = [];
    limited.stream("logs:subscribe", { after: 0 }, (items) => seen.push(...items));
    await write(owner, 2, { campaignId: "c2" });
    await write(owner, 1, { campaignId: "c1" });
    await until("its records", () => seen.length >= 6);
    assert.ok(seen.slice(1).every((r) => r.campaign_id === "c1"));
    owner.close();
    limited.close();
});

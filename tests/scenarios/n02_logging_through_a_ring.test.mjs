// SPDX-License-Identifier: MIT
//
// lm_log_*: records of programs that end, are killed, fork, or log while no hub is there: each once, in
// the order of each thread; what did not fit is counted and said.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUILD } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGGER = join(BUILD, "examples", "ring_logger");
const example = (name, ...args) => spawnSync(join(BUILD, "examples", name), args, { encoding: "utf8" });

function run(s, hub, tag, count, how, ...more) {
    const child = spawn(LOGGER, [hub.socket, tag, String(count), how, ...more], { env: s.env });
    const run = { child, said: "" };
    s.clients.push({ close: () => child.kill("SIGKILL") }); // whatever becomes of the scenario
    child.stdout.on("data", (text) => (run.said += text));
    run.ended = new Promise((done) => child.once("exit", done));
    return run;
}

async function messages(hub, params = {}) {
    const logs = (await hub.get("/api/v1/logs", { source: "ring", limit: 10000, order: "asc", ...params })).json.logs;
    return logs.map((r) => r.message);
}

const numbered = (tag, count) => Array.from({ length: count }, (_, i) => `${tag} ${i}`);
const rings = (hub) => readdirSync(hub.socket + ".rings");

/** All records are there, and no ring is left. */
async function settled(hub, count, params) {
    let found;
    await until(`${count} records`, async () => (found = await messages(hub, params)).length >= count);
    await until("the rings to be gone", () => rings(hub).length === 0);
    found = await messages(hub, params);
    assert.equal(found.length, count);
    return found;
}

scenario("the example logs, and the other examples ask and stream", async (s) => {
    const hub = await s.hub();
    assert.match(example("ipc_logger", hub.socket).stdout, /everything is in the hub/);
    const logs = (await hub.get("/api/v1/logs", { source: "ipc_logger", order: "asc" })).json.logs;
    assert.deepEqual(logs.map((r) => r.message), [
        "application started", "session abc started", "slow page", "click", "click", "click",
    ]);
    assert.equal(logs[0].stream, "system");
    assert.equal(logs[1].session_id, "session-abc");
    assert.equal(logs[1].user_email, "user@example.com");
    assert.deepEqual(logs[2].fields, { duration: 812 });
    assert.equal(JSON.parse(example("ipc_client", hub.socket, "logs:count", '{"sessionId":"session-abc"}').stdout).count, 5);
    const progress = example("ipc_progress", hub.socket, '{"source":"ipc_logger"}');
    assert.match(progress.stdout, /\d+ bytes of records/);
    const math = join(s.dir, "math.sock");
    const server = spawn(join(BUILD, "examples", "ipc_server"), [math]);
    s.clients.push({ close: () => server.kill() });
    await until("the server", () => example("ipc_client", math, "math:add", '{"a":40,"b":2}').stdout === "42\n");
    assert.match(example("ipc_client", math, "math:add", '{"a":40}').stderr, /IPC_VALIDATION_ERROR: b is missing/);
    server.kill();
});

scenario("a program that is killed: everything it logged is there, once", async (s) => {
    const hub = await s.hub();
    const killed = run(s, hub, "k", 5000, "kill");
    await killed.ended;
    assert.deepEqual(await settled(hub, 5000), numbered("k", 5000));
});

scenario("parent and child of a fork have rings of their own", async (s) => {
    const hub = await s.hub();
    await run(s, hub, "f", 500, "fork").ended;
    const all = await settled(hub, 1500);
    for (const tag of ["f", "child", "parent"])
        assert.deepEqual(all.filter((m) => m.startsWith(`${tag} `)), numbered(tag, 500));
});

scenario("threads share a logger", async (s) => {
    const hub = await s.hub();
    await run(s, hub, "t", 1000, "threads").ended;
    const all = await settled(hub, 4000);
    for (const tag of ["t0", "t1", "t2", "t3"])
        assert.deepEqual(all.filter((m) => m.startsWith(`${tag} `)), numbered(tag, 1000));
});

scenario("without a hub: the ring waits, for a hub that comes and for one that came back", async (s) => {
    const hub = await s.hub();
    const lives = run(s, hub, "h", 100, "hold");
    await until("the first ones", async () => (await messages(hub)).length === 100);
    await hub.kill();
    lives.child.stdin.write("1");
    await run(s, hub, "dead", 200, "kill").ended; /* lived and died while no hub was */
    await hub.start();
    lives.child.stdin.write("2");
    await until("all of it", async () => (await messages(hub)).length >= 500);
    lives.child.stdin.end();
    const all = await settled(hub, 500);
    assert.deepEqual(all.filter((m) => m.startsWith("dead")), numbered("dead", 200));
    assert.deepEqual(all.filter((m) => m.startsWith("h ")), [1, 2, 3].flatMap(() => numbered("h", 100)));
});

scenario("a hub that is killed again and again: each record once", async (s) => {
    const hub = await s.hub();
    const lives = run(s, hub, "h", 300, "hold");
    for (let i = 1; i <= 5; i++) {
        await until("some", async () => (await messages(hub)).length > 0);
        lives.child.stdin.write("x");
        await hub.kill();
        await hub.start();
    }
    lives.child.stdin.end();
    await lives.ended;
    assert.deepEqual(await settled(hub, 1800), Array.from({ length: 6 }, () => numbered("h", 300)).flat());
});

scenario("a full ring drops, counts, and the hub says how many", async (s) => {
    const hub = await s.hub();
    await hub.kill();
    const full = run(s, hub, "full", 5000, "kill", "65536");
    await full.ended;
    const [, written, dropped] = /written (\d+) dropped (\d+)/.exec(full.said).map(Number);
    assert.equal(written + dropped, 5000);
    assert.ok(dropped > 1000);
    await hub.start();
    const all = await settled(hub, written + 1);
    assert.deepEqual(all.filter((m) => m.startsWith("full")), numbered("full", written));
    assert.ok(all.some((m) => m.startsWith(`${dropped} records dropped`)), all.at(-1));
});

scenario("rings that lie are left alone, and others are read", async (s) => {
    const hub = await s.hub();
    await hub.kill();
    const dir = hub.socket + ".rings";
    const name = () => join(dir, `${randomBytes(16).toString("hex")}.ring`);
    writeFileSync(name(), "short");
    writeFileSync(name(), randomBytes(70000));
    const lie = Buffer.alloc(4096 + 65536);
    lie.write("LMRG", 0);
    lie.writeUInt16LE(1, 4);
    lie.writeUInt16LE(3, 6);
    lie.writeBigUInt64LE(65536n, 8);
    lie.write("liar", 512);
    lie.writeBigUInt64LE(4096n, 1024);
    for (const size of [0, 7, 8, 24, 0xfffffff8, 4096]) {
        randomBytes(16).copy(lie, 16);
        lie.fill(0xff, 4096, 8192);
        lie.writeUInt32LE(size, 4096);
        writeFileSync(name(), lie);
    }
    symlinkSync("/etc/passwd", name());
    await run(s, hub, "good", 50, "kill").ended;
    await hub.start();
    await until("the good ones", async () => (await messages(hub)).length === 50);
    assert.equal((await hub.get("/healthz")).status, 200);
});

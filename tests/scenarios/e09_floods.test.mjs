// SPDX-License-Identifier: MIT
//
// More connections than the hub may have, and clients that send or read slowly on purpose: whoever was
// there before notices nothing.

import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { scenario } from "../lib/scenario.mjs";
import { cpuSeconds } from "../lib/process.mjs";
import { until } from "../lib/wait.mjs";

/** A connection that says `first` and collects what comes back until it is closed. */
function connection(hub, first = "") {
    const c = { text: "", closed: false, socket: net.connect(hub.port, "127.0.0.1") };
    c.socket.on("connect", () => first && c.socket.write(first));
    c.socket.on("data", (piece) => (c.text += piece));
    c.socket.on("error", () => {});
    c.socket.on("close", () => (c.closed = true));
    return c;
}

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

scenario("64 descriptors and 500 clients: 503, and nobody who was there loses a line", async (s) => {
    const hub = await s.hub({
        wrapper: ["prlimit", "--nofile=64:64"],
        processes: {
            ticker: { command: ["sh", "-c", "i=0; while [ $i -lt 400 ]; do echo tick $i; i=$((i+1)); sleep 0.01; done"] },
        },
    });
    assert.match(hub.process.stderr, /At most 32 connections at a time, not 10000/);
    const before = await s.websocket(hub, { source: "ticker" });
    const cpu = cpuSeconds(hub.pid);
    const crowd = Array.from({ length: 500 }, () => connection(hub, HEALTH));
    await until(
        () => `503 for most; ${crowd.filter((c) => c.text.includes("503")).length} have it`,
        () => crowd.filter((c) => c.closed || c.text).length === crowd.length,
    );
    const served = crowd.filter((c) => c.text.startsWith("HTTP/1.1 200"));
    assert.ok(served.length > 0 && served.length <= 32, `${served.length} are served`);
    assert.ok(crowd.filter((c) => c.text.startsWith("HTTP/1.1 503")).length >= 400);
    await hub.processIn("ticker", "exited");
    await until("the last tick", () => before.messages.includes("tick 399"));
    const ticks = before.messages.filter((m) => m.startsWith("tick"));
    const first = Number(ticks[0].slice(5));
    assert.deepEqual(
        ticks,
        Array.from({ length: 400 - first }, (_, i) => `tick ${first + i}`),
    );
    assert.ok(cpuSeconds(hub.pid) - cpu < 1, "the hub did not spin");
    for (const c of crowd) c.socket.destroy();
    await until("room again", async () => (await hub.get("/healthz").catch(() => ({}))).status === 200);
});

scenario("one address gets its share: 429 beyond it", async (s) => {
    const hub = await s.hub({ settings: { max_connections_per_address: 5 } });
    const crowd = Array.from({ length: 8 }, () => connection(hub, HEALTH));
    await until("an answer for each", () => crowd.every((c) => c.text));
    const statuses = crowd.map((c) => c.text.slice(9, 12)).sort();
    assert.deepEqual(statuses, ["200", "200", "200", "200", "200", "429", "429", "429"]);
    assert.match(crowd.find((c) => c.text.includes("429")).text, /Retry-After: 5[^]*raise max_connections_per_address/);
    for (const c of crowd) c.socket.destroy();
    await until("room again", async () => (await hub.get("/healthz")).status === 200);
    assert.ok((await hub.metric("connections_refused_total")) >= 3);
});

scenario("who sends slowly is closed in time, and others are served meanwhile", async (s) => {
    const hub = await s.hub({ settings: { http_head_timeout: "400ms" } });
    const body = "POST /api/v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
    const slow = [
        connection(hub), // says nothing at all
        connection(hub, "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "),
        connection(hub, body),
        connection(hub, "GET /api/v1/logs/stream/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: webso"),
    ];
    const drip = setInterval(() => slow.slice(1).forEach((c) => c.socket.writable && c.socket.write("a")), 50);
    try {
        while (!slow.every((c) => c.closed)) assert.equal((await hub.get("/healthz")).status, 200);
    } finally {
        clearInterval(drip);
    }
    for (const c of slow.slice(1)) assert.match(c.text, /^HTTP\/1\.1 408/);
});

scenario("who reads an answer slowly holds nobody up and is closed when it stops", async (s) => {
    const hub = await s.hub({ settings: { http_idle_timeout: "1s" } });
    const lines = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ message: `${i} ${"x".repeat(1000)}` }));
    await hub.get("/api/v1/logs", {}, { method: "POST", body: lines.join("\n") });
    const ask = "GET /api/v1/logs?limit=5000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const stalled = Array.from({ length: 10 }, () => connection(hub, ask));
    for (const c of stalled) c.socket.pause();
    const closed = () =>
        new Promise((resolve) =>
            http.get(`${hub.url}/metrics`, { agent: false }, (res) => {
                let text = "";
                res.on("data", (piece) => (text += piece));
                res.on("end", () => resolve(Number(/^logmill_connections (\d+)$/m.exec(text)?.[1]) <= 2));
            }),
        );
    await until("the stalled ones to be gone", closed);
    for (const c of stalled) c.socket.destroy();
});

scenario("fifty ask for the largest answers and never read: memory stays, and who reads is answered", async (s, t) => {
    const hub = await s.hub({ settings: { answer_memory: "8MiB" } });
    const lines = Array.from({ length: 6000 }, (_, i) => JSON.stringify({ message: `${i} ${"x".repeat(1000)}` }));
    await hub.get("/api/v1/logs", {}, { method: "POST", body: lines.join("\n") });
    const ask = "GET /api/v1/logs?limit=6000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const before = hub.memoryKb();
    let most = 0;
    const stalled = Array.from({ length: 50 }, () => connection(hub, ask));
    for (const c of stalled) c.socket.pause();
    for (let i = 0; i < 10; i++) {
        const v1 = await s.v1(hub, { subscribe: "none" });
        for (let k = 0; k < 4; k++) v1.socket.send(JSON.stringify({ type: "requestLogs", limit: 3000 }));
        v1.socket.pause();
    }
    const many = async () => {
        most = Math.max(most, hub.memoryKb());
        return (await hub.metric("unread_closed_total")) >= 50;
    };
    await until("most of them to be given up", many);
    const whole = await hub.get("/api/v1/logs", { limit: 6000 });
    assert.equal(whole.json.logs.length, 6000);
    assert.ok((await hub.metric("unread_bytes")) <= 8 * 1024 * 1024);
    most = Math.max(most, hub.memoryKb());
    t.diagnostic(`${most - before} kB more at most, for 90 answers of 3 to 6 MB`);
    assert.ok(most - before < 96 * 1024, `${most - before} kB more`);
    for (const c of stalled) c.socket.destroy();
});

scenario("questions beyond queries_max get 503 and may come again; the others are answered", async (s) => {
    const hub = await s.hub({ settings: { queries_max: 3 } });
    const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ message: `${i} ${"ab".repeat(100)}` }));
    await hub.get("/api/v1/logs", {}, { method: "POST", body: lines.join("\n") });
    const answers = await Promise.all(
        Array.from({ length: 12 }, () => hub.get("/api/v1/logs", { limit: 1, q: "/[a-f]+[0-9]$/" })),
    );
    const busy = answers.filter((a) => a.status === 503);
    assert.ok(busy.length > 0 && busy.length < 12, `${busy.length} of 12 came too many`);
    for (const a of busy) {
        assert.equal(a.json.error.code, "busy");
        assert.equal(a.headers["retry-after"], "5");
    }
    assert.equal(answers.filter((a) => a.status === 200).length, 12 - busy.length);
    assert.equal((await hub.get("/api/v1/logs", { limit: 1 })).status, 200);
});

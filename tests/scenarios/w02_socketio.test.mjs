// SPDX-License-Identifier: MIT
//
// Socket.IO as applications use it: socket.io-client with default options (polling first), event log,
// requestLogs, and resuming with `after`.

import assert from "node:assert/strict";
import { io } from "socket.io-client";
import { request } from "../lib/http.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

function connect(s, hub, options = {}) {
    const socket = io(hub.url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 50, ...options });
    socket.logs = [];
    socket.notices = [];
    socket.on("log", (r) => (r.type ? socket.notices : socket.logs).push(r));
    s.clients.push({ close: () => socket.close() });
    return socket;
}

async function connected(socket) {
    await until("the socket to connect", () => socket.connected);
    return socket;
}

async function push(hub, records) {
    const body = records.map((r) => JSON.stringify(typeof r === "string" ? { message: r } : r)).join("\n");
    const answer = await request({ host: "127.0.0.1", port: hub.port }, "/api/v1/logs?source=app", {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body,
    });
    assert.equal(answer.status, 200, answer.text);
}

const texts = (socket) => socket.logs.map((r) => r.message);

scenario("every client gets each record, over polling, WebSocket, and across the upgrade", async (s) => {
    const hub = await s.hub();
    const sockets = [
        connect(s, hub),
        connect(s, hub, { transports: ["polling"] }),
        connect(s, hub, { transports: ["websocket"] }),
    ];
    const sent = [];
    for (const socket of sockets) await connected(socket);
    for (let i = 0; i < 100; i++) {
        sent.push(`line ${i} äöü`);
        await push(hub, [sent.at(-1)]);
    }
    for (const socket of sockets) {
        await until("all lines", () => socket.logs.length === sent.length);
        assert.deepEqual(texts(socket), sent);
    }
    assert.deepEqual(
        sockets.map((socket) => socket.io.engine.transport.name),
        ["websocket", "polling", "websocket"],
    );
    const status = (await request({ host: "127.0.0.1", port: hub.port }, "/api/v1/logs/stream/status")).json;
    assert.equal(status.connections.global.socketio, 3);
});

scenario("requestLogs answers the one who asked, with the newest, oldest first", async (s) => {
    const hub = await s.hub({ settings: { socketio: { queue: 50 } } });
    await push(
        hub,
        Array.from({ length: 120 }, (_, i) => ({ message: `n${i}`, level: i % 10 ? "info" : "error" })),
    );
    const asker = await connected(connect(s, hub));
    const other = await connected(connect(s, hub));
    other.on("logs", () => (other.wasTold = true));
    const event = new Promise((resolve) => asker.once("logs", resolve));
    const answer = await asker.emitWithAck("requestLogs");
    assert.deepEqual(await event, answer);
    assert.deepEqual(
        answer.map((r) => r.message),
        Array.from({ length: 50 }, (_, i) => `n${i + 70}`),
    );
    const errors = await asker.emitWithAck("requestLogs", { level: "error", limit: 3 });
    assert.deepEqual(errors.map((r) => r.message), ["n90", "n100", "n110"]);
    const positional = await asker.emitWithAck("requestLogs", "error", 2);
    assert.deepEqual(positional.map((r) => r.message), ["n100", "n110"]);
    const earlier = await asker.emitWithAck("requestLogs", { before: errors[0].id, limit: 1 });
    assert.deepEqual(earlier.map((r) => r.message), ["n89"]);
    const wrong = await asker.emitWithAck("requestLogs", { levle: "error" });
    assert.match(wrong.message, /did you mean 'level'/);
    assert.equal(other.wasTold, undefined);
});

scenario("a client resumes with after in auth, and filters by query, auth and event", async (s) => {
    const hub = await s.hub();
    let last;
    const socket = connect(s, hub, {
        query: { level: "info" },
        auth: (next) => next(last ? { after: last, q: "-noise" } : { q: "-noise", token: "of another server" }),
    });
    await connected(socket);
    await push(hub, ["one", "noise", { message: "too low", level: "debug" }, "two"]);
    await until("two records", () => socket.logs.length === 2);
    last = socket.logs.at(-1).id;
    socket.io.engine.close();
    await until("the cut", () => !socket.connected);
    await push(hub, ["three", "noise"]);
    await until("the client to come back", () => socket.connected);
    await push(hub, ["four"]);
    await until("the rest", () => socket.logs.length === 4);
    assert.deepEqual(texts(socket), ["one", "two", "three", "four"]);
    const changed = await socket.emitWithAck("filter", { q: "five" });
    assert.match(changed.cursor, /\.\d+$/);
    await push(hub, ["five", "six", "five again"]);
    await until("five again", () => texts(socket).includes("five again"));
    assert.deepEqual(texts(socket).slice(4), ["five", "five again"]);

    const refused = connect(s, hub, { auth: { q: '"open' } });
    const error = await new Promise((resolve) => refused.on("connect_error", resolve));
    assert.match(error.message, /./);
    refused.close();
    const elsewhere = io(`${hub.url}/other`, { forceNew: true });
    assert.equal((await new Promise((r) => elsewhere.on("connect_error", r))).message, "Invalid namespace");
    elsewhere.close();
});

scenario("a client that polls and stays away costs little, and is told what it lost", async (s) => {
    const hub = await s.hub({ settings: { client_lag: "64KiB", http_idle_timeout: "5s" } });
    const target = { host: "127.0.0.1", port: hub.port };
    const open = (await request(target, "/socket.io/?EIO=4&transport=polling")).text;
    const path = `/socket.io/?EIO=4&transport=polling&sid=${JSON.parse(open.slice(1)).sid}`;
    await request(target, path, { method: "POST", body: "40" });
    assert.match((await request(target, path)).text, /^40\{"sid"/);
    const count = 3000;
    for (let i = 0; i < count; i += 100)
        await push(
            hub,
            Array.from({ length: 100 }, (_, k) => `${i + k} ${"x".repeat(200)}`),
        );
    let got = 0;
    let dropped = 0;
    let last = -1;
    await until("all of it, or word of it", async () => {
        const { text } = await request(target, path);
        for (const packet of text.split("\x1e")) {
            if (!packet.startsWith('42["log",')) continue;
            const record = JSON.parse(packet.slice(2))[1];
            if (record.type === "dropped") dropped += record.count;
            else {
                got++;
                const n = Number(record.message.split(" ")[0]);
                assert.ok(n > last, "in order");
                last = n;
            }
        }
        return got + dropped === count;
    });
    assert.ok(dropped > 0 && got > 100, `${got} got, ${dropped} dropped`);
    assert.equal(last, count - 1, "the recent ones stay");
});

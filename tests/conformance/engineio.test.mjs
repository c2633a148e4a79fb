// SPDX-License-Identifier: MIT
//
// Engine.IO v4 in our own words, against the raw echo of the conformance server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { Socket } from "engine.io-client";
import { until } from "../lib/wait.mjs";
import { startServer } from "../lib/conformance.mjs";

const INTERVAL = 300;
const TIMEOUT = 200;
let server;
before(async () => (server = await startServer("--ping-interval", `${INTERVAL}`, "--ping-timeout", `${TIMEOUT}`)));
after(() => server.stop());

const path = (query) => `/engine.io/?${query}`;
const get = (query, options) => fetch(server.url + path(query), options);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A session that polls. */
class Polling {
    static async open() {
        const text = await (await get("EIO=4&transport=polling")).text();
        assert.equal(text[0], "0");
        return Object.assign(new Polling(), { handshake: JSON.parse(text.slice(1)) });
    }
    get query() {
        return `EIO=4&transport=polling&sid=${this.handshake.sid}`;
    }
    poll(options) {
        return get(this.query, options);
    }
    async read() {
        const answer = await this.poll();
        return answer.status === 200 ? answer.text() : answer.status;
    }
    post(body) {
        return get(this.query, { method: "POST", body });
    }
}

/** A WebSocket whose messages can be awaited in turn. */
function websocket(query) {
    const ws = new WebSocket(server.ws + path(query));
    ws.got = [];
    ws.isClosed = false;
    ws.on("message", (bytes, binary) => ws.got.push(binary ? bytes : bytes.toString()));
    ws.on("close", () => (ws.isClosed = true));
    ws.on("error", () => {});
    ws.next = () => until("a message", () => ws.got.length > 0).then(() => ws.got.shift());
    ws.closed = () => until("the WebSocket to close", () => ws.isClosed);
    return ws;
}

async function opened() {
    const ws = websocket("EIO=4&transport=websocket");
    ws.handshake = await ws.next();
    return ws;
}

test("polling opens with a handshake", async () => {
    const { handshake } = await Polling.open();
    assert.match(handshake.sid, /^[\w-]{20}$/);
    assert.deepEqual(handshake, {
        sid: handshake.sid,
        upgrades: ["websocket"],
        pingInterval: INTERVAL,
        pingTimeout: TIMEOUT,
        maxPayload: 1_000_000,
    });
});

test("a WebSocket opens with a handshake that offers no upgrade", async () => {
    const ws = await opened();
    assert.equal(ws.handshake[0], "0");
    assert.deepEqual(JSON.parse(ws.handshake.slice(1)).upgrades, []);
    ws.terminate();
});

for (const query of [
    "transport=polling",
    "EIO=abc&transport=polling",
    "EIO=3&transport=polling",
    "EIO=4",
    "EIO=4&transport=abc",
    "EIO=4&transport=polling&sid=unknown",
])
    test(`?${query} is 400`, async () => {
        const answer = await get(query);
        assert.equal(answer.status, 400);
        assert.ok(Number.isInteger((await answer.json()).code));
    });

for (const method of ["POST", "PUT", "DELETE"])
    test(`a handshake by ${method} is 400`, async () => {
        assert.equal((await get("EIO=4&transport=polling", { method })).status, 400);
    });

for (const query of [
    "transport=websocket",
    "EIO=abc&transport=websocket",
    "EIO=4",
    "EIO=4&transport=abc",
    "EIO=4&transport=websocket&sid=unknown",
])
    test(`a WebSocket to ?${query} is refused`, () => websocket(query).closed());

test("one payload carries text and binary, both ways", async () => {
    const s = await Polling.open();
    const answer = await s.post("4one\x1e4zwei ✓\x1ebAQIDBA==");
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), "ok");
    assert.equal(await s.read(), "4one\x1e4zwei ✓\x1ebAQIDBA==");
});

test("a poll waits until there is something", async () => {
    const s = await Polling.open();
    const answer = s.read();
    await s.post("4later");
    assert.equal(await answer, "4later");
});

for (const body of ["abc", "", "4fine\x1e9", "b?", "bAQ", "2", "0{}"])
    test(`the payload ${JSON.stringify(body)} ends the session`, async () => {
        const s = await Polling.open();
        assert.equal((await s.post(body)).status, 400);
        assert.equal(await s.read(), 400);
    });

test("a payload beyond maxPayload is refused and ends the session", async () => {
    const s = await Polling.open();
    assert.equal((await s.post(`4${"x".repeat(1_000_001)}`)).status, 413);
    assert.equal(await s.read(), 400);
});

test("a second poll ends the session; the first is told", async () => {
    const s = await Polling.open();
    const first = s.read();
    await pause(20);
    assert.equal((await s.poll()).status, 400);
    assert.equal(await first, "1");
    assert.equal(await s.read(), 400);
});

test("a poll that is cut off ends the session", async () => {
    const s = await Polling.open();
    const cut = new AbortController();
    const poll = s.poll({ signal: cut.signal }).catch(() => "cut");
    await pause(20);
    cut.abort();
    assert.equal(await poll, "cut");
    await until("the session to be gone", async () => (await s.post("4x")).status === 400);
});

test("a WebSocket carries text and binary", async () => {
    const ws = await opened();
    ws.send("4hello");
    assert.equal(await ws.next(), "4hello");
    ws.send(Buffer.from([1, 2, 3, 4]));
    assert.deepEqual(await ws.next(), Buffer.from([1, 2, 3, 4]));
    ws.terminate();
});

for (const packet of ["abc", "", "2", "bAQ=="])
    test(`the packet ${JSON.stringify(packet)} closes a WebSocket`, async () => {
        const ws = await opened();
        ws.send(packet);
        await ws.closed();
    });

test("pings come at their interval, and pongs keep polling alive", async () => {
    const s = await Polling.open();
    for (let i = 0; i < 3; i++) {
        assert.equal(await s.read(), "2");
        assert.equal((await s.post("3")).status, 200);
    }
});

test("pings come at their interval, and pongs keep a WebSocket alive", async () => {
    const ws = await opened();
    for (let i = 0; i < 3; i++) {
        assert.equal(await ws.next(), "2");
        ws.send("3");
    }
    ws.terminate();
});

test("silence after a ping ends either kind", async () => {
    const s = await Polling.open();
    const ws = await opened();
    await pause(INTERVAL + TIMEOUT);
    assert.equal(await s.read(), 400);
    await ws.closed();
});

test("the time for a pong is counted from when the ping was due, to the millisecond", () =>
    Promise.all(
        Array.from({ length: 10 }, async () => {
            const s = await Polling.open();
            await pause(INTERVAL + TIMEOUT);
            assert.equal(await s.read(), 400);
        }),
    ));

test("closing while a poll waits answers it with a noop", async () => {
    const s = await Polling.open();
    const poll = s.read();
    await pause(20);
    assert.equal((await s.post("1")).status, 200);
    assert.equal(await poll, "6");
    assert.equal(await s.read(), 400);
});

test("closing over a WebSocket closes it", async () => {
    const ws = await opened();
    ws.send("1");
    await ws.closed();
});

async function probed(s) {
    const ws = websocket(`EIO=4&transport=websocket&sid=${s.handshake.sid}`);
    await new Promise((resolve) => ws.once("open", resolve));
    ws.send("2probe");
    assert.equal(await ws.next(), "3probe");
    return ws;
}

test("an upgrade takes along what was waiting", async () => {
    const s = await Polling.open();
    const ws = await probed(s);
    await s.post("4waiting\x1ebAQI=");
    ws.send("5");
    assert.equal(await ws.next(), "4waiting");
    assert.deepEqual(await ws.next(), Buffer.from([1, 2]));
    ws.send("4hello");
    assert.equal(await ws.next(), "4hello");
    assert.equal(await s.read(), 400, "polls of a session that has moved");
    assert.equal((await s.post("4x")).status, 400);
    const late = websocket(`EIO=4&transport=websocket&sid=${s.handshake.sid}`);
    await late.closed();
    ws.send("4still here");
    assert.equal(await ws.next(), "4still here");
    ws.terminate();
});

test("a poll that waits is let go when the probe has worked", async () => {
    const s = await Polling.open();
    const poll = s.read();
    await pause(20);
    const ws = await probed(s);
    assert.equal(await poll, "6");
    ws.terminate();
});

test("a probe that fails leaves the session polling", async () => {
    const s = await Polling.open();
    const ws = await probed(s);
    ws.terminate();
    await ws.closed();
    await s.post("4on we go");
    assert.equal(await s.read(), "4on we go");
});

test("a first word that is no probe is closed, and the session polls on", async () => {
    const s = await Polling.open();
    const ws = websocket(`EIO=4&transport=websocket&sid=${s.handshake.sid}`);
    await new Promise((resolve) => ws.once("open", resolve));
    ws.send("5");
    await ws.closed();
    await s.post("4fine");
    assert.equal(await s.read(), "4fine");
});

for (const transports of [["polling", "websocket"], ["polling"], ["websocket"]])
    test(`engine.io-client agrees: ${transports.join(", then ")}`, async () => {
        const client = new Socket(server.url, { path: "/engine.io/", transports });
        const got = [];
        client.on("message", (m) => got.push(typeof m === "string" ? m : Buffer.from(m).toString("hex")));
        await new Promise((resolve) => client.on("open", resolve));
        const sent = [];
        for (let i = 0; i < 200; i++) {
            client.send(`text ${i}`);
            client.send(Buffer.from([i]));
            sent.push(`text ${i}`, Buffer.from([i]).toString("hex"));
            if (i % 20 === 0) await pause(1);
        }
        await until("every echo", () => got.length === sent.length);
        assert.deepEqual(got, sent, "in order, once, across the upgrade");
        if (transports.length === 2) await until("the upgrade", () => client.transport.name === "websocket");
        await pause(INTERVAL + TIMEOUT + 100);
        assert.equal(client.readyState, "open");
        client.close();
    });

// SPDX-License-Identifier: MIT
//
// Socket.IO v5 in our own words, against the conformance server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { io } from "socket.io-client";
import { until } from "../lib/wait.mjs";
import { startServer } from "../lib/conformance.mjs";

let server;
before(async () => (server = await startServer("--connect-timeout", "500")));
after(() => server.stop());

/** A WebSocket past the handshake of Engine.IO, that answers pings. */
async function open() {
    const ws = new WebSocket(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
    ws.got = [];
    ws.isClosed = false;
    ws.on("message", (bytes, binary) => {
        if (!binary && bytes.toString() === "2") ws.send("3");
        else ws.got.push(binary ? bytes : bytes.toString());
    });
    ws.on("close", () => (ws.isClosed = true));
    ws.next = () => until("a message", () => ws.got.length > 0).then(() => ws.got.shift());
    ws.closed = () => until("the connection to close", () => ws.isClosed);
    assert.equal((await ws.next())[0], "0");
    return ws;
}

async function connected(namespace = "") {
    const ws = await open();
    ws.send(`40${namespace}`);
    assert.match(await ws.next(), /^40/);
    assert.match(await ws.next(), /^42/);
    return ws;
}

for (const [sent, answer, event] of [
    ["40", /^40\{"sid":"[^"]+"\}$/, '42["auth",{}]'],
    ['40{"token":"123"}', /^40\{"sid":"[^"]+"\}$/, '42["auth",{"token":"123"}]'],
    ["40/custom,", /^40\/custom,\{"sid":"[^"]+"\}$/, '42/custom,["auth",{}]'],
    ["40/custom", /^40\/custom,\{"sid":"[^"]+"\}$/, '42/custom,["auth",{}]'],
    ['40/custom,{"a":[1]}', /^40\/custom,\{"sid":"[^"]+"\}$/, '42/custom,["auth",{"a":[1]}]'],
])
    test(`${sent} connects and gets its auth back`, async () => {
        const ws = await open();
        ws.send(sent);
        assert.match(await ws.next(), answer);
        assert.equal(await ws.next(), event);
        ws.terminate();
    });

test("who listens for one message after the other misses nothing while it connects", async () => {
    const ws = new WebSocket(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
    const next = () => new Promise((resolve) => ws.once("message", (bytes) => resolve(bytes.toString())));
    for (const [sent, answer] of [
        [null, /^0/],
        ["40", /^40/],
        [null, /^42\["auth",\{\}\]$/],
        ["40/custom,", /^40\/custom,/],
        [null, /^42\/custom,\["auth",\{\}\]$/],
    ]) {
        if (sent) ws.send(sent);
        assert.match(await next(), answer);
    }
    ws.terminate();
});

test("an unknown namespace is refused, and the connection lives", async () => {
    const ws = await open();
    ws.send("40/random");
    assert.equal(await ws.next(), '44/random,{"message":"Invalid namespace"}');
    ws.send("40/custom,");
    assert.match(await ws.next(), /^40\/custom,/);
    ws.terminate();
});

for (const first of ["4abc", "49", '42["message","before CONNECT"]', "40[]", "40{", "4", "451-", "40/custom,x"])
    test(`${JSON.stringify(first)} as the first word closes the connection`, async () => {
        const ws = await open();
        ws.send(first);
        await ws.closed();
    });

test("a client that never connects is closed", async () => {
    await (await open()).closed();
});

test("leaving the main namespace keeps the connection, leaving another keeps the main one", async () => {
    const one = await connected();
    one.send("41");
    one.send("40");
    assert.match(await one.next(), /^40/);
    one.terminate();
    const two = await connected();
    two.send("40/custom");
    assert.match(await two.next(), /^40\/custom/);
    await two.next();
    two.send("41/custom");
    two.send('42["message","to main"]');
    assert.equal(await two.next(), '42["message-back","to main"]');
    two.terminate();
});

test("arguments come back as they were", async () => {
    const ws = await connected();
    for (const args of ['1,"2",{"3":[true]}', '"\\u00e9\\n",[],null', "1.5e3"]) {
        ws.send(`42["message",${args}]`);
        assert.equal(await ws.next(), `42["message-back",${args}]`);
    }
    ws.send('42["message"]');
    assert.equal(await ws.next(), '42["message-back"]');
    ws.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await ws.next(), '43456[1,"2",{"3":[false]}]');
    ws.terminate();
});

test("attachments follow their event and its acknowledgement", async () => {
    const ws = await connected("/custom");
    const place = (n) => `{"_placeholder":true,"num":${n}}`;
    ws.send(`452-/custom,["message",${place(0)},${place(1)}]`);
    ws.send(Buffer.from([1, 2, 3]));
    ws.send(Buffer.from([4]));
    assert.equal(await ws.next(), `452-/custom,["message-back",${place(0)},${place(1)}]`);
    assert.deepEqual(await ws.next(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await ws.next(), Buffer.from([4]));
    ws.send(`451-/custom,789["message-with-ack",${place(0)}]`);
    ws.send(Buffer.from([5, 6]));
    assert.equal(await ws.next(), `461-/custom,789[${place(0)}]`);
    assert.deepEqual(await ws.next(), Buffer.from([5, 6]));
    ws.terminate();
});

for (const [what, ...packets] of [
    ["an unknown type", "4abc"],
    ["an event that is no array", "42{}"],
    ["an event without a name", "42[]"],
    ["an event with a number for a name", "42[1]"],
    ["broken JSON", '42["message"'],
    ["an acknowledgement id that is none", '42abc["message-with-ack",1]'],
    ["an acknowledgement without an id", "43[1]"],
    ["binary out of the blue", Buffer.from([1])],
    ["text where an attachment is due", '451-["message",{"_placeholder":true,"num":0}]', '42["message"]'],
    ["too many attachments", '4599999-["message"]'],
    ["an event of a namespace it has not joined", '42/custom,["message"]'],
])
    test(`${what} closes the connection`, async () => {
        const ws = await connected();
        for (const packet of packets) ws.send(packet);
        await ws.closed();
    });

for (const transports of [undefined, ["polling"], ["websocket"]])
    test(`socket.io-client agrees, transports ${transports ?? "by default"}`, async () => {
        const options = { forceNew: true, auth: { token: "abc" }, ...(transports && { transports }) };
        const main = io(server.url, options);
        const custom = io(`${server.url}/custom`, { ...options, forceNew: false, auth: { n: 1 } });
        const auths = {};
        main.on("auth", (auth) => (auths.main = auth));
        custom.on("auth", (auth) => (auths.custom = auth));
        await until("both to connect", () => auths.main && auths.custom);
        assert.deepEqual(auths, { main: { token: "abc" }, custom: { n: 1 } });
        const back = new Promise((resolve) => custom.on("message-back", (...args) => resolve(args)));
        custom.emit("message", 1, "zwei", { 3: [Buffer.from([1, 2])] }, Buffer.from([3]));
        assert.deepEqual(await back, [1, "zwei", { 3: [Buffer.from([1, 2])] }, Buffer.from([3])]);
        assert.equal(await main.emitWithAck("message-with-ack", "ack"), "ack");
        const bad = io(`${server.url}/nowhere`, options);
        const error = await new Promise((resolve) => bad.on("connect_error", resolve));
        assert.equal(error.message, "Invalid namespace");
        for (const socket of [main, custom, bad]) socket.close();
    });

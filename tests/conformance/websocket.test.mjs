// SPDX-License-Identifier: MIT
//
// RFC 6455 and RFC 7692 in our own words, against the echo of the conformance server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import zlib from "node:zlib";
import WebSocket from "ws";
import { statusOf } from "../lib/process.mjs";
import { until } from "../lib/wait.mjs";
import {
    BINARY,
    CLOSE,
    PING,
    PONG,
    RawWebSocket,
    TEXT,
    closePayload,
    startServer,
    wsFrame,
} from "../lib/conformance.mjs";

const MESSAGE_MAX = 1 << 20;
const FRAGMENTS_MAX = 1000;
let server;
const clients = [];

before(async () => {
    server = await startServer(
        "--message-max",
        `${MESSAGE_MAX}`,
        "--fragments-max",
        `${FRAGMENTS_MAX}`,
        "--message-timeout",
        "400",
        "--ws-ping",
        "300",
        "--deflate",
    );
});
after(() => {
    for (const client of clients) client.destroy();
    return server.stop();
});

async function open(headers) {
    const client = new RawWebSocket(server.port, "/echo", headers);
    clients.push(client);
    return client.open();
}

const data = (client) => client.frames.filter((f) => f.first !== PING);

test("the handshake names the key it answers", async () => {
    const c = await open({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" });
    assert.match(c.head, /^HTTP\/1\.1 101 /);
    assert.match(c.head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
});

for (const [what, headers, status] of [
    ["without Upgrade", { Upgrade: "h2c" }, 426],
    ["without Connection: Upgrade", { Connection: "close" }, 426],
    ["of version 8", { "Sec-WebSocket-Version": "8" }, 426],
    ["with a short key", { "Sec-WebSocket-Key": "c2hvcnQ=" }, 400],
])
    test(`a handshake ${what} is ${status}`, async () => {
        const c = await open(headers);
        assert.match(c.head, new RegExp(`^HTTP/1\\.1 ${status} `));
    });

for (const n of [0, 1, 125, 126, 127, 128, 65535, 65536, 500_000])
    test(`text and binary of ${n} bytes come back as they are`, async () => {
        const c = await open();
        c.send(wsFrame(TEXT, "*".repeat(n)), wsFrame(BINARY, Buffer.alloc(n, 0xfe)));
        await until("both", () => data(c).length === 2);
        const [text, binary] = data(c);
        assert.equal(text.first, TEXT);
        assert.equal(text.payload.toString(), "*".repeat(n));
        assert.equal(text.masked, false);
        assert.equal(binary.first, BINARY);
        assert.ok(binary.payload.equals(Buffer.alloc(n, 0xfe)));
    });

test("bytes that come one by one make the same messages", async () => {
    const c = await open();
    const bytes = Buffer.concat([wsFrame(TEXT, "häppchen"), wsFrame(PING, "p"), wsFrame(BINARY, "x".repeat(200))]);
    for (const byte of bytes) {
        c.send(Buffer.from([byte]));
        await new Promise(setImmediate);
    }
    await until("three answers", () => data(c).length === 3);
    assert.equal(data(c)[0].payload.toString(), "häppchen");
    assert.equal(data(c)[1].first, PONG);
    assert.equal(data(c)[2].payload.length, 200);
});

test("every ping is answered with its own words, between the fragments of a message too", async () => {
    const c = await open();
    c.send(wsFrame(0x01, "one "), wsFrame(PING, "now"), wsFrame(0x00, "two "), wsFrame(PONG, "unasked"));
    c.send(wsFrame(0x80, "three"));
    await until("both", () => data(c).length === 2);
    assert.equal(data(c)[0].first, PONG);
    assert.equal(data(c)[0].payload.toString(), "now");
    assert.equal(data(c)[1].payload.toString(), "one two three");
    for (let i = 0; i < 10; i++) c.send(wsFrame(PING, `ping ${i}`));
    await until("ten pongs", () => data(c).length === 12);
    assert.deepEqual(
        data(c)
            .slice(2)
            .map((f) => f.payload.toString()),
        Array.from({ length: 10 }, (_, i) => `ping ${i}`),
    );
});

test("a flood of pings costs fewer pongs, and the last is answered", async () => {
    const c = await open();
    const pings = Buffer.concat(Array.from({ length: 5000 }, (_, i) => wsFrame(PING, `${i}`)));
    c.send(pings);
    await until("the last pong", () => data(c).some((f) => f.payload.toString() === "4999"));
    assert.ok(data(c).length < 2500, `${data(c).length} pongs for 5000 pings`);
});

for (const [what, bytes, code] of [
    ["a reserved bit", wsFrame(0xc1 | 0x20, "x"), 1002],
    ["a reserved data opcode", wsFrame(0x83), 1002],
    ["a reserved control opcode", wsFrame(0x8b), 1002],
    ["no mask", wsFrame(TEXT, "x", { mask: false }), 1002],
    ["a ping of 126 bytes", wsFrame(PING, "x".repeat(126)), 1002],
    ["a ping in fragments", wsFrame(0x09, "x"), 1002],
    ["a continuation of nothing", wsFrame(0x80, "x"), 1002],
    ["a text within a message", Buffer.concat([wsFrame(0x01, "a"), wsFrame(TEXT, "b")]), 1002],
    ["a length that is not the shortest", Buffer.from([0x81, 0xfe, 0, 5, 1, 2, 3, 4]), 1002],
    ["a length of 2^63", Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]), 1002],
    ["a length beyond the limit", wsFrame(BINARY, "", { length: MESSAGE_MAX + 1 }), 1009],
    ["fragments beyond the limit", Buffer.concat([wsFrame(0x02, Buffer.alloc(MESSAGE_MAX)), wsFrame(0x80, "x")]), 1009],
    ["endless fragments", Buffer.concat([wsFrame(0x02), ...Array(FRAGMENTS_MAX).fill(wsFrame(0x00, "x"))]), 1008],
    ["text that is not UTF-8", wsFrame(TEXT, Buffer.from("caf\xe9", "latin1")), 1007],
    ["text that ends within a character", wsFrame(TEXT, Buffer.from([0xe2, 0x82])), 1007],
    ["a surrogate", wsFrame(TEXT, Buffer.from([0xed, 0xa0, 0x80])), 1007],
    ["a close of one byte", wsFrame(CLOSE, "x"), 1002],
    ["a close reason that is not UTF-8", wsFrame(CLOSE, Buffer.from([3, 232, 0xff])), 1007],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000].map((bad) => [
        `a close with code ${bad}`,
        wsFrame(CLOSE, closePayload(bad)),
        1002,
    ]),
    ...[1000, 1001, 1003, 1007, 1011, 3000, 4999].map((good) => [
        `a close with code ${good}`,
        wsFrame(CLOSE, closePayload(good, "bye")),
        good,
    ]),
    ["a close without a code", wsFrame(CLOSE), 1000],
    ["a close with 123 bytes of reason", wsFrame(CLOSE, closePayload(1000, "r".repeat(123))), 1000],
])
    test(`${what} ends with ${code}`, async () => {
        const c = await open();
        c.send(bytes);
        assert.equal(await c.closed(), code);
    });

test("after a close nothing more is answered", async () => {
    const c = await open();
    c.send(Buffer.concat([wsFrame(CLOSE, closePayload(1000)), wsFrame(PING, "late"), wsFrame(TEXT, "late")]));
    assert.equal(await c.closed(), 1000);
    assert.deepEqual(
        data(c).map((f) => f.first),
        [CLOSE],
    );
});

test("text is refused at its first wrong byte, in the middle of a frame", async () => {
    const c = await open();
    const whole = wsFrame(TEXT, Buffer.concat([Buffer.from("κόσμε"), Buffer.from([0xf4, 0x90]), Buffer.alloc(5000, 0x61)]));
    c.send(whole.subarray(0, 30)); // the rest never comes
    assert.equal(await c.closed(), 1007);
});

test("a character may be cut by a fragment at any byte", async () => {
    const text = Buffer.from("añ€𝄞\u{10ffff}z");
    for (let cut = 0; cut <= text.length; cut++) {
        const c = await open();
        c.send(wsFrame(0x01, text.subarray(0, cut)), wsFrame(0x80, text.subarray(cut)));
        await until("the echo", () => data(c).length === 1);
        assert.ok(data(c)[0].payload.equals(text));
        c.destroy();
    }
});

test("a message that is never finished is closed, whatever else is said meanwhile", async () => {
    const c = await open();
    c.send(wsFrame(0x01, "and then"));
    const chatter = setInterval(() => c.ended || c.send(wsFrame(PONG)), 20);
    assert.equal(await c.closed(), 1008);
    clearInterval(chatter);
});

test("a peer that answers no ping is dropped", async () => {
    const c = await open();
    assert.equal((await c.frame(0)).first, PING);
    assert.equal(await c.closed(), 1006);
});

test("npm ws agrees, with and without compression", async () => {
    for (const perMessageDeflate of [false, true]) {
        const ws = new WebSocket(`${server.ws}/echo`, { perMessageDeflate });
        const got = [];
        ws.on("message", (message, binary) => got.push(binary ? message : message.toString()));
        await new Promise((resolve) => ws.once("open", resolve));
        assert.equal(ws.extensions.includes("permessage-deflate"), perMessageDeflate);
        const texts = ["", "short", "long ".repeat(50_000), JSON.stringify(process.versions).repeat(100)];
        for (const text of texts) ws.send(text, { compress: true });
        ws.send(Buffer.alloc(70_000, 7));
        await until("all echoes", () => got.length === texts.length + 1);
        assert.deepEqual(got.slice(0, -1), texts);
        assert.ok(got.at(-1).equals(Buffer.alloc(70_000, 7)));
        ws.close(4000, "done");
        assert.equal(await new Promise((resolve) => ws.once("close", resolve)), 4000);
    }
});

// --- permessage-deflate ---

const deflated = (text) => zlib.deflateRawSync(text, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
const offer = (params) => ({ "Sec-WebSocket-Extensions": `permessage-deflate${params}` });

for (const [params, answer] of [
    ["", /server_no_context_takeover; client_no_context_takeover\r?\n?/],
    ["; client_max_window_bits", /client_max_window_bits=12/],
    ["; client_max_window_bits=10", /client_max_window_bits=10/],
    ["; server_max_window_bits=9", /server_max_window_bits=9/],
    ["; server_max_window_bits=15", /server_max_window_bits=12/],
    ["; server_no_context_takeover", /server_no_context_takeover/],
    ["; nonsense, permessage-deflate", /permessage-deflate; server/],
    ["; server_max_window_bits=8", null],
    ["; server_max_window_bits", null],
    ["; server_max_window_bits=16", null],
    ["; client_max_window_bits=7", null],
    ["; server_no_context_takeover=1", null],
    ["; client_max_window_bits; client_max_window_bits", null],
    ["; nonsense", null],
])
    test(`the offer permessage-deflate${params} is ${answer ? "accepted" : "declined"}`, async () => {
        const c = await open(offer(params));
        assert.match(c.head, /^HTTP\/1\.1 101 /);
        if (answer) assert.match(c.head, answer);
        else assert.doesNotMatch(c.head, /Sec-WebSocket-Extensions/);
    });

test("a compressed message may come in fragments and is checked as text", async () => {
    const c = await open(offer(""));
    const bytes = deflated("compress me ".repeat(1000));
    c.send(wsFrame(0x41, bytes.subarray(0, 10)), wsFrame(PING, "p"), wsFrame(0x80, bytes.subarray(10)));
    await until("pong and echo", () => data(c).length === 2);
    assert.equal(data(c)[1].first, 0xc1);
    assert.equal(
        zlib
            .inflateRawSync(Buffer.concat([data(c)[1].payload, Buffer.from([0, 0, 0xff, 0xff])]), {
                finishFlush: zlib.constants.Z_SYNC_FLUSH,
            })
            .toString(),
        "compress me ".repeat(1000),
    );
    c.send(wsFrame(0xc1, deflated(Buffer.from([0x61, 0xff]))));
    assert.equal(await c.closed(), 1007);
});

for (const [what, bytes, code] of [
    ["a compressed continuation", Buffer.concat([wsFrame(0x41, "x"), wsFrame(0xc0, "x")]), 1002],
    ["a compressed ping", wsFrame(0xc9, "x"), 1002],
    ["bytes that do not inflate", wsFrame(0xc2, Buffer.from([7, 255, 255])), 1007],
])
    test(`${what} ends with ${code}`, async () => {
        const c = await open(offer(""));
        c.send(bytes);
        assert.equal(await c.closed(), code);
    });

test("a compressed message without the extension ends with 1002", async () => {
    const c = await open();
    c.send(wsFrame(0xc1, deflated("x")));
    assert.equal(await c.closed(), 1002);
});

test("a bomb of a gigabyte in a megabyte is refused at the limit, with the memory of one message", async () => {
    const bomb = await new Promise((resolve) => {
        const packer = zlib.createDeflateRaw({ level: 9 });
        const parts = [];
        packer.on("data", (part) => parts.push(part));
        packer.on("end", () => resolve(Buffer.concat(parts)));
        const zeros = Buffer.alloc(16 << 20);
        for (let i = 0; i < 64; i++) packer.write(zeros);
        packer.end();
    });
    const c = await open(offer(""));
    const before = statusOf(server.pid, "VmHWM");
    c.send(wsFrame(0xc2, bomb.subarray(0, MESSAGE_MAX)));
    assert.equal(await c.closed(), 1009);
    const grown = statusOf(server.pid, "VmHWM") - before;
    assert.ok(grown < 8 * 1024, `${grown} kB more`);
});

// SPDX-License-Identifier: MIT
//
// RFC 6455 and RFC 7692 gone through section by section, as conformance suites do: each case is what a client
// sends and what it must get, whole, in chops and in fragments. What needs a story of its own is in
// websocket.test.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import zlib from "node:zlib";
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

const FIRST_TEXT = 0x01;
const FIRST_BINARY = 0x02;
const MORE = 0x00;
const LAST = 0x80;

let server;
before(async () => (server = await startServer("--deflate")));
after(() => server.stop());

const text = (s) => wsFrame(TEXT, s);
const pieces = (bytes, n) =>
    Array.from({ length: Math.ceil(bytes.length / n) }, (_, i) => bytes.subarray(i * n, (i + 1) * n));

/** The frames of one message, with at most n bytes each. */
function fragments(first, payload, n) {
    const parts = pieces(Buffer.from(payload), n);
    return parts.map((part, i) => wsFrame((i ? MORE : first & 0x7f) | (i === parts.length - 1 ? LAST : 0), part));
}

const same = (frame, first, payload) => frame.first === first && frame.payload.equals(Buffer.from(payload));

/** Sends `sent`, by `chop` bytes at a time; the data frames that come back must be `wanted` ([first byte, payload]
 * each), and then comes a close with `code`, which a client that has nothing to complain of asks for itself. */
async function run(name, sent, wanted, code, chop = Infinity) {
    const c = await new RawWebSocket(server.port).open();
    const bytes = Buffer.concat(sent);
    for (let i = 0; i < bytes.length; i += chop) {
        c.send(bytes.subarray(i, i + chop));
        if (chop < bytes.length) await new Promise(setImmediate);
    }
    const data = () => c.frames.filter((f) => f.first !== CLOSE);
    if (code === 1000) {
        await until(
            () => `${name}: ${data().length} of ${wanted.length} frames, ended: ${c.ended}`,
            () => data().length >= wanted.length || c.ended,
        );
        c.send(wsFrame(CLOSE, closePayload(1000)));
    }
    assert.equal(await c.closed(), code, name);
    assert.equal(data().length, wanted.length, `${name}: frames`);
    wanted.forEach(([first, payload], i) => assert.ok(same(data()[i], first, payload), `${name}: frame ${i}`));
    c.destroy();
}

/** Every case of a table at once: name, what is sent, what must come, code, and in which chops. */
const runAll = (cases, chops = [Infinity]) =>
    Promise.all(cases.flatMap(([name, sent, wanted, code]) => chops.map((n) => run(name, sent, wanted, code, n))));

test("pings: empty, binary, the longest, unasked pongs, many in any chops", () => {
    const binary = Buffer.from([0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff]);
    const longest = Buffer.alloc(125, 0xfe);
    const ten = Array.from({ length: 10 }, (_, i) => `payload ${i}`);
    return runAll(
        [
            ["an empty ping", [wsFrame(PING)], [[PONG, ""]], 1000],
            ["a binary ping", [wsFrame(PING, binary)], [[PONG, binary]], 1000],
            ["125 bytes", [wsFrame(PING, longest)], [[PONG, longest]], 1000],
            ["pongs nobody asked for", [wsFrame(PONG), wsFrame(PONG, "x"), wsFrame(PING, "y")], [[PONG, "y"]], 1000],
            ["ten pings", ten.map((p) => wsFrame(PING, p)), ten.map((p) => [PONG, p]), 1000],
        ],
        [Infinity, 1],
    );
});

test("reserved bits and opcodes end a connection at once; what came before is answered, what follows is not", () => {
    const cases = [];
    const broken = (name, frame) => {
        cases.push([name, [frame], [], 1002]);
        cases.push([`${name}, between`, [text("hi"), frame, wsFrame(PING), text("ho")], [[TEXT, "hi"]], 1002]);
    };
    for (const bits of [1, 2, 3, 4, 5, 6, 7])
        for (const first of [TEXT, BINARY, PING, CLOSE])
            broken(`reserved bits ${bits} on ${first & 15}`, wsFrame(first | (bits << 4), "x"));
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
        for (const payload of ["", "reserved"]) broken(`opcode ${opcode}`, wsFrame(0x80 | opcode, payload));
    return runAll(cases, [Infinity, 1]);
});

test("fragments: empty ones, with controls between, in the wrong order", () =>
    runAll(
        [
            ["two", [wsFrame(FIRST_TEXT, "a"), wsFrame(LAST, "b")], [[TEXT, "ab"]], 1000],
            ["three empty ones", [wsFrame(FIRST_TEXT), wsFrame(MORE), wsFrame(LAST)], [[TEXT, ""]], 1000],
            ["the middle only", [wsFrame(FIRST_TEXT), wsFrame(MORE, "m"), wsFrame(LAST)], [[TEXT, "m"]], 1000],
            ["binary", fragments(BINARY, "four by four", 4), [[BINARY, "four by four"]], 1000],
            [
                "pings between",
                [
                    wsFrame(FIRST_TEXT, "1"),
                    wsFrame(PING, "p"),
                    wsFrame(MORE, "2"),
                    wsFrame(PING, "q"),
                    wsFrame(LAST, "3"),
                ],
                [
                    [PONG, "p"],
                    [PONG, "q"],
                    [TEXT, "123"],
                ],
                1000,
            ],
            ["a ping in fragments", [wsFrame(PING & 0x7f, "a"), wsFrame(LAST, "b")], [], 1002],
            ["a pong in fragments", [wsFrame(PONG & 0x7f, "a"), wsFrame(LAST, "b")], [], 1002],
            ["more of nothing", [wsFrame(MORE, "a"), text("b")], [], 1002],
            ["the end of nothing", [wsFrame(LAST, "a"), text("b")], [], 1002],
            ["more behind the end", [...fragments(TEXT, "ab", 1), wsFrame(MORE, "c")], [[TEXT, "ab"]], 1002],
            ["another begins", [wsFrame(FIRST_TEXT, "a"), wsFrame(FIRST_TEXT, "b"), wsFrame(LAST, "c")], [], 1002],
            ["text within binary", [wsFrame(FIRST_BINARY, "a"), text("b")], [], 1002],
        ],
        [Infinity, 1],
    ));

// What no decoder may take (Unicode, table 3-7): lone and missing continuations, overlong forms, surrogates, too large.
const MALFORMED = [
    "80",
    "bf",
    "8080",
    "c0",
    "c1bf",
    "c0af",
    "e080af",
    "f08080af",
    "f8888080af",
    "fc8480808080",
    "fe",
    "ff",
    "eda080",
    "edafbf",
    "edb080",
    "edbfbf",
    "eda080edb080",
    "f4908080",
    "f5808080",
    "f7bfbfbf",
    "c3",
    "e282",
    "f09f98",
    "c328",
    "e28228",
    "e2e28281",
    "f0288cbc",
    "f09028bc",
    "c2c2",
    "fbbfbfbfbf",
    "fdbfbfbfbfbf",
].map((hex) => Buffer.from(hex, "hex"));
const WELL_FORMED = [
    "κόσμε",
    "\0",
    "\x7f",
    "\u0080",
    "\u07ff",
    "\u0800",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\ufffe",
    "\uffff",
    "\ufdd0",
    "\u{10000}",
    "\u{10ffff}",
    "\u{1f9d1}\u200d\u{1f680}",
    "Ünïcödé ".repeat(40),
];

test("text: whatever is UTF-8 comes back, cut anywhere; whatever is not ends with 1007", () => {
    const cases = [];
    for (const good of WELL_FORMED) {
        cases.push(["well formed", [text(good)], [[TEXT, good]], 1000]);
        cases.push(["byte by byte", fragments(TEXT, good, 1), [[TEXT, good]], 1000]);
    }
    for (const bad of MALFORMED) {
        const within = Buffer.concat([Buffer.from("so κόσμε "), bad, Buffer.from(" far")]);
        cases.push([bad.toString("hex"), [wsFrame(TEXT, bad), text("no")], [], 1007]);
        cases.push([`${bad.toString("hex")} within`, [wsFrame(TEXT, within), text("no")], [], 1007]);
        cases.push([`${bad.toString("hex")} byte by byte`, [...fragments(TEXT, within, 1), text("no")], [], 1007]);
        cases.push([`${bad.toString("hex")} is binary`, [wsFrame(BINARY, bad)], [[BINARY, bad]], 1000]);
    }
    return runAll(cases);
});

test("text that can no longer become UTF-8 is refused before its message ends", async () => {
    const impossible = MALFORMED.filter((bad) => !["c3", "e282", "f09f98"].includes(bad.toString("hex")));
    await Promise.all(
        impossible.flatMap((bad) => [
            run(
                "in a frame that goes on",
                [wsFrame(TEXT, Buffer.concat([bad, Buffer.alloc(50)])).subarray(0, -40)],
                [],
                1007,
            ),
            run(
                "in a fragment",
                [wsFrame(FIRST_TEXT, "a"), wsFrame(MORE, Buffer.concat([bad, Buffer.from("!")]))],
                [],
                1007,
            ),
        ]),
    );
});

test("closing: twice, in the middle of a message, with every code there is", () => {
    const cases = [
        ["twice", [wsFrame(CLOSE), wsFrame(CLOSE)], [], 1000],
        ["then a ping", [wsFrame(CLOSE, closePayload(1000)), wsFrame(PING)], [], 1000],
        [
            "with a message unfinished",
            [wsFrame(FIRST_TEXT, "a"), wsFrame(CLOSE, closePayload(1001)), wsFrame(LAST, "b")],
            [],
            1001,
        ],
        [
            "behind a large echo",
            [text("*".repeat(256 * 1024)), wsFrame(CLOSE, closePayload(1000))],
            [[TEXT, "*".repeat(256 * 1024)]],
            1000,
        ],
        ["a reason of 124 bytes", [wsFrame(CLOSE, closePayload(1000, "r".repeat(124)))], [], 1002],
        ["a reason in another tongue", [wsFrame(CLOSE, closePayload(1000, "до свидания"))], [], 1000],
    ];
    const may = (code) =>
        (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    for (const code of [
        0,
        1,
        999,
        ...Array.from({ length: 17 }, (_, i) => 1000 + i),
        1100,
        2000,
        2999,
        3000,
        3999,
        4000,
        4999,
        5000,
        65535,
    ])
        cases.push([`code ${code}`, [wsFrame(CLOSE, closePayload(code))], [], may(code) ? code : 1002]);
    return runAll(cases.filter(([name]) => name !== "code 1000"));
});

test("large messages, in fragments and chops of many sizes", async () => {
    const large = Buffer.alloc(16 << 20, "one message ");
    await run("16 MiB", [wsFrame(BINARY, large)], [[BINARY, large]], 1000);
    const four = large.subarray(0, 4 << 20);
    for (const n of [256, 4096, 65536, 1 << 20])
        await run(`4 MiB by ${n}`, fragments(TEXT, four, n), [[TEXT, four]], 1000);
    const one = large.subarray(0, 1 << 20);
    await Promise.all(
        [997, 4096].map((n) => run(`1 MiB in chops of ${n}`, [wsFrame(TEXT, one)], [[TEXT, one]], 1000, n)),
    );
});

// --- permessage-deflate ---

const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const SYNC = { finishFlush: zlib.constants.Z_SYNC_FLUSH };

/** Something like a log, which hardly repeats itself, of n bytes. */
function prose(n, seed) {
    let s = "";
    for (let i = seed; s.length < n; i += 7919)
        s += `{"id":${(i * 2654435761) % 4294967296},"message":"répétition ${i % 97}"} `;
    return Buffer.from(s)
        .subarray(0, n)
        .toString()
        .replace(/\ufffd+$/, "");
}

for (const offer of [
    "",
    "; client_max_window_bits",
    "; client_max_window_bits=9; server_max_window_bits=9",
    "; server_max_window_bits=15",
])
    test(`permessage-deflate${offer}: messages of every size come back, whole and in fragments`, async () => {
        const c = await new RawWebSocket(server.port, "/echo", {
            "Sec-WebSocket-Extensions": `permessage-deflate${offer}`,
        }).open();
        const bits = Number(/client_max_window_bits=(\d+)/.exec(c.head)?.[1] ?? 15);
        let count = 0;
        for (const size of [0, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072])
            for (const limit of [1 << 20, 1024, 256]) {
                const message = prose(size, size + 1);
                const packed = zlib.deflateRawSync(message, { windowBits: bits, ...SYNC });
                const frames =
                    packed.length > 4 ? fragments(0xc1, packed.subarray(0, -4), limit) : [wsFrame(0xc1, [0])];
                c.send(...frames, wsFrame(PING, `${count}`));
                const echo = await c.frame(2 * count);
                const whole =
                    echo.first & 0x40 ? zlib.inflateRawSync(Buffer.concat([echo.payload, TAIL]), SYNC) : echo.payload;
                assert.equal(whole.toString(), message, `${size} bytes by ${limit}`);
                assert.ok(size < 1024 || echo.payload.length < size, "it was worth it");
                assert.equal((await c.frame(2 * count + 1)).payload.toString(), `${count}`);
                count++;
            }
        c.send(wsFrame(CLOSE, closePayload(1000)));
        assert.equal(await c.closed(), 1000);
    });

test("permessage-deflate: a message may be stored, or several blocks, or end in a final one", async () => {
    const c = await new RawWebSocket(server.port, "/echo", { "Sec-WebSocket-Extensions": "permessage-deflate" }).open();
    const stored = zlib.deflateRawSync("stored", { level: 0, ...SYNC }).subarray(0, -4);
    const final = Buffer.concat([zlib.deflateRawSync("final"), Buffer.from([0])]);
    const blocks = Buffer.concat([
        zlib.deflateRawSync("two ", SYNC),
        zlib.deflateRawSync("blocks", SYNC).subarray(0, -4),
    ]);
    c.send(wsFrame(0xc1, stored), wsFrame(0xc1, final), wsFrame(0xc1, blocks), text("plain"));
    for (const [i, wanted] of ["stored", "final", "two blocks", "plain"].entries()) {
        const echo = await c.frame(i);
        const whole = echo.first & 0x40 ? zlib.inflateRawSync(Buffer.concat([echo.payload, TAIL]), SYNC) : echo.payload;
        assert.equal(whole.toString(), wanted);
    }
    c.destroy();
});

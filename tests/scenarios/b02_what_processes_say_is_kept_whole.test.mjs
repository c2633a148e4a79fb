// SPDX-License-Identifier: MIT
//
// Bytes that are no text, lines without end, lines that never end, silence: the file has the bytes,
// the records have what can be read.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { scenario } from "../lib/scenario.mjs";

function python(code) {
    return ["python3", "-c", code];
}

async function recordsOf(s, command, params = {}) {
    const hub = await s.hub();
    const run = s.run(hub, ["--name", "child", "--job", "1", "--quiet"], command);
    await run.end();
    const ws = await s.websocket(hub, { job_run_id: "1", after: "0", ...params });
    await ws.record((r) => r.fields?.event === "exit");
    return { hub, run, records: ws.records.filter((r) => r.stream !== "system") };
}

scenario("bytes that are not UTF-8 are replaced in the record and kept in the file", async (s) => {
    const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x00, 0x63, 0x0a, 0xe2, 0x82, 0xac, 0x0a]);
    const code = `import sys; sys.stdout.buffer.write(bytes.fromhex("${bytes.toString("hex")}"))`;
    const { hub, records } = await recordsOf(s, python(code));
    assert.deepEqual(hub.logFile("child"), bytes);
    assert.equal(records[0].message, "a\ufffd\ufffdb\u0000c");
    assert.equal(records[1].message, "€");
});

scenario("a line of 3 MiB comes in parts that say so, and whole in the file", async (s) => {
    const size = 3 * 1024 * 1024 + 17;
    const { hub, records } = await recordsOf(s, python(`print("x" * ${size})`));
    assert.equal(hub.logFile("child").length, size + 1);
    assert.equal(records.length, 4);
    let whole = 0;
    for (const [i, record] of records.entries()) {
        assert.equal(record.fields.part, i + 1);
        assert.equal(record.fields.last, i === 3);
        const all = (await hub.get(`/api/v1/logs/${record.id}`)).json;
        whole += all.message.length;
        if (i === 3) continue;
        assert.equal(record.truncated, true, "live it is cut");
        assert.equal(record.size, all.message.length);
        assert.ok(record.message.length <= 64 * 1024);
    }
    assert.equal(whole, size);
});

scenario("empty lines, CRLF and a lone newline are lines", async (s) => {
    const { records } = await recordsOf(s, ["printf", "one\\r\\n\\ntwo\\n"]);
    assert.deepEqual(
        records.map((r) => r.message),
        ["one", "", "two"],
    );
});

scenario("a grandchild that holds the pipes has its lines kept after the child's end", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub, { job_run_id: "1" });
    const script = "(sleep 0.3; echo from the grandchild) & echo from the child; exit 3";
    const run = s.run(hub, ["--name", "parent", "--job", "1"], ["sh", "-c", script]);
    assert.equal(await run.end(), 3);
    await ws.record("from the grandchild");
    await ws.record("exited with code 3");
    assert.equal(ws.records.filter((r) => r.fields?.event === "exit").length, 1);
});

scenario("random bytes come out as any UTF-8 decoder reads them, on every transport", async (s) => {
    const hub = await s.hub();
    const lines = Array.from({ length: 300 }, (_, i) => oddBytes(i));
    writeFileSync(s.path("bytes"), Buffer.concat(lines.map((line) => Buffer.concat([line, Buffer.from("\n")]))));
    const clients = [
        await s.websocket(hub, { source: "odd" }),
        await s.eventSource(hub, { source: "odd" }),
        await s.curl(hub, { source: "odd" }),
        s.tail(hub, ["--source", "odd", "--after", "0"]),
    ];
    await s.run(hub, ["--name", "odd", "--quiet"], ["cat", s.path("bytes")]).end();
    const wanted = lines.map((line) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(line));
    for (const client of clients) {
        await client.record((r) => r.fields?.event === "exit");
        assert.deepEqual(client.messages.slice(0, -1), wanted, client.name);
    }
    assert.deepEqual(hub.logFile("odd"), readFileSync(s.path("bytes")));
});

/* Without line ends: text with quotes and controls, whole characters, pieces of characters. */
function oddBytes(seed) {
    const pieces = ['"', "\\", "\t", "\u0000", "\u001b[31m", "é", "\u2028", "\ufeff", "😀", "plain"].map((t) =>
        Buffer.from(t),
    );
    pieces.push(
        Buffer.from([0xff]),
        Buffer.from([0xe2, 0x82]),
        Buffer.from([0xf0, 0x9f, 0x98]),
        Buffer.from([0xc0, 0x80]),
        Buffer.from([0xed, 0xa0, 0x80]),
    );
    const line = [];
    for (let i = 0, n = seed; i < 1 + (seed % 9); i++, n = (n * 31 + 17) % 10007)
        line.push(pieces[n % pieces.length]);
    return Buffer.concat(line);
}

// SPDX-License-Identifier: MIT
//
// The vectors that the C library is tested with, read and written here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
    decodeChunk,
    decodeFailure,
    decodeResult,
    encodeCall,
    encodeCancel,
    encodeCredit,
} from "../dist/esm/ipc/call_frames.js";
import { FrameReader, HEADER, MAX_FRAME, encodeFrame, encodeHello, TYPE } from "../dist/esm/ipc/frame.js";
import { decodeValue, encodeValue } from "../dist/esm/ipc/values.js";

const vectors = JSON.parse(readFileSync(new URL("../../../tests/golden/call-frames.json", import.meta.url)));
const ofType = (type) => vectors.filter((v) => v.type === type);
const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes) => Buffer.from(bytes).toString("hex");

function frameOf(vector) {
    let found;
    new FrameReader((frame) => (found = frame)).feed(bytesOf(vector.hex));
    assert.ok(found, vector.name);
    return found;
}

test("calls are written as the vectors say", () => {
    for (const v of ofType("CALL").filter((v) => Number.isSafeInteger(Number(v.request)))) {
        const args = { json: v.args, attachments: v.attachments.map(bytesOf) };
        const options = { timeoutMs: v.timeout_ms, credit: v.credit, flags: v.flags };
        assert.equal(hexOf(encodeCall(Number(v.request), v.channel, args, options)), v.hex, v.name);
    }
    const [credit] = ofType("CREDIT");
    assert.equal(hexOf(encodeCredit(Number(credit.request), credit.bytes)), credit.hex);
    const [cancel] = ofType("CANCEL");
    assert.equal(hexOf(encodeCancel(Number(cancel.request))), cancel.hex);
    const [hello] = ofType("HELLO");
    assert.equal(hello.max_frame, MAX_FRAME);
    assert.equal(hexOf(encodeHello(hello.features)), hello.hex);
});

test("answers are read as the vectors say", () => {
    for (const v of ofType("RESULT")) {
        const result = decodeResult(frameOf(v));
        assert.equal(result.executionTime, v.execution_us / 1000, v.name);
        assert.deepEqual(result.data, decodeValue(v.data, v.attachments.map(bytesOf)), v.name);
        assert.deepEqual([result.cached, result.batched, result.isStream], [1, 2, 4].map((bit) => (v.flags & bit) !== 0));
    }
    for (const v of ofType("FAILURE")) {
        const failure = decodeFailure(frameOf(v));
        assert.equal(failure.message, v.message, v.name);
        assert.deepEqual(failure.details, v.details === "" ? undefined : JSON.parse(v.details));
    }
    assert.equal(decodeFailure(frameOf(ofType("FAILURE").find((v) => v.code === 65535))).code, "IPC_HANDLER_ERROR");
    assert.equal(decodeFailure(frameOf(ofType("FAILURE").find((v) => v.code === 2))).code, "IPC_VALIDATION_ERROR");
    for (const v of ofType("CHUNK")) {
        const chunk = decodeChunk(frameOf(v));
        assert.equal(chunk.chunkIndex, v.index);
        assert.equal(chunk.isLast, (v.flags & 1) !== 0);
        assert.equal(chunk.progress.percentage, v.total === "0" ? 0 : (100 * v.current) / v.total);
    }
});

test("frames are found whatever the pieces they come in, and a huge length is refused at once", () => {
    const stream = Buffer.concat(vectors.map((v) => bytesOf(v.hex)));
    for (const size of [1, 3, 16, 17, 1000]) {
        const types = [];
        const reader = new FrameReader((frame) => types.push(frame.type));
        for (let at = 0; at < stream.length; at += size) reader.feed(new Uint8Array(stream.subarray(at, at + size)));
        assert.deepEqual(types, vectors.map((v) => TYPE[v.type]));
    }
    const huge = encodeFrame(TYPE.CHUNK, 0, 1, new Uint8Array(0));
    new DataView(huge.buffer).setUint32(0, 0xffffffff, true);
    assert.throws(() => new FrameReader(() => {}).feed(huge), /more than was allowed/);
});

test("a payload cut anywhere is refused", () => {
    const decoders = { RESULT: decodeResult, FAILURE: decodeFailure, CHUNK: decodeChunk };
    for (const [type, decode] of Object.entries(decoders))
        for (const v of ofType(type)) {
            const whole = bytesOf(v.hex).subarray(HEADER);
            for (let n = 0; n < whole.length; n++)
                assert.throws(() => decode({ ...frameOf(v), payload: whole.subarray(0, n) }), Error, `${v.name} at ${n}`);
        }
});

test("values that JSON does not have survive the way", () => {
    const error = Object.assign(new TypeError("no", { cause: 1 }), { code: "E" });
    const value = {
        date: new Date(1768473045123),
        big: 12345678901234567890n,
        map: new Map([["a", new Set([1, undefined])]]),
        numbers: [NaN, Infinity, -Infinity, -0, 1.5],
        holes: [undefined, null],
        left: undefined,
        bytes: new Uint8Array([1, 2, 3]),
        floats: new Float32Array([0.5]),
        buffer: new Uint8Array([9]).buffer,
        node: Buffer.from("hi"),
        odd: { $date: 1 },
        deeper: { $object: { $x: 1 } },
        ["__proto__"]: 5,
        error,
    };
    const { json, attachments } = encodeValue(value);
    const back = decodeValue(json, attachments);
    assert.ok(back.error instanceof Error);
    assert.equal(back.error.name, "TypeError");
    assert.equal(back.error.code, "E");
    assert.equal(back.error.cause, 1);
    const { left: _, error: __, ...expected } = value;
    const { error: ___, ...rest } = back;
    assert.deepEqual(rest, expected);
    assert.equal(attachments.length, 4);
    assert.ok(Number.isNaN(decodeValue('{"$date":null}', []).getTime()));
    assert.equal(encodeValue(new Date(NaN)).json, '{"$date":null}');
});

test("what cannot be sent is named", () => {
    const cycle = { a: [] };
    cycle.a.push(cycle);
    assert.throws(() => encodeValue(cycle), /a\[0\] contains itself/);
    assert.throws(() => encodeValue({ b: { c: () => 1 } }), /b\.c is a function/);
    const shared = { n: 1 };
    assert.equal(encodeValue([shared, shared]).json, '[{"n":1},{"n":1}]', "twice is no cycle");
    assert.throws(() => encodeValue(Array.from({ length: 65 }, () => new Uint8Array(1))), /more than the 64/);
});

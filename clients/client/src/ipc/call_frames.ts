// SPDX-License-Identifier: MIT
//
// The payloads of calls as objects (docs/ipc-protocol.md, "Calls").

import { encodeFrame, ProtocolError, TYPE, viewOf, type Frame } from "./frame.js";
import { decodeValue, type Encoded } from "./values.js";

const CALL_HEAD = 16;
const RESULT_HEAD = 16;
const FAILURE_HEAD = 24;
const CHUNK_HEAD = 32;

export const CALL_NO_REPLY = 1;
export const CALL_FRESH = 2;
export const ANSWER_CACHED = 1;
export const ANSWER_BATCHED = 2;
export const ANSWER_STREAM = 4;
export const CHUNK_LAST = 1;

const CODES = [
    "IPC_HANDLER_ERROR",
    "IPC_HANDLER_ERROR",
    "IPC_VALIDATION_ERROR",
    "IPC_RATE_LIMITED",
    "IPC_TIMEOUT",
    "IPC_CANCELLED",
    "IPC_UNKNOWN_CHANNEL",
    "IPC_FORBIDDEN",
    "IPC_DISCONNECTED",
    "IPC_TOO_LARGE",
] as const;
export type IpcCode = (typeof CODES)[number];

export interface Result {
    executionTime: number;
    cached: boolean;
    batched: boolean;
    isStream: boolean;
    data: unknown;
}

export interface Failure {
    executionTime: number;
    batched: boolean;
    code: IpcCode;
    message: string;
    details: unknown;
}

/** One piece of a streamed answer. */
export interface Chunk<T = unknown> {
    chunkIndex: number;
    data: T;
    progress: { current: number; total: number; percentage: number };
    isLast: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export interface CallOptions {
    timeoutMs: number;
    credit: number;
    flags: number;
}

export function encodeCall(request: number, channel: string, args: Encoded, options: CallOptions): Uint8Array {
    const name = encoder.encode(channel);
    const text = encoder.encode(args.json);
    const blobs = args.attachments;
    const size = blobs.reduce((n, blob) => n + 4 + blob.length, CALL_HEAD + name.length + text.length);
    const payload = new Uint8Array(size);
    const view = viewOf(payload);
    view.setUint16(0, name.length, true);
    view.setUint16(2, blobs.length, true);
    view.setUint32(4, text.length, true);
    view.setUint32(8, options.timeoutMs, true);
    view.setUint32(12, options.credit, true);
    payload.set(name, CALL_HEAD);
    payload.set(text, CALL_HEAD + name.length);
    let lengthAt = CALL_HEAD + name.length + text.length;
    let at = lengthAt + 4 * blobs.length;
    for (const blob of blobs) {
        view.setUint32(lengthAt, blob.length, true);
        payload.set(blob, at);
        lengthAt += 4;
        at += blob.length;
    }
    return encodeFrame(TYPE.CALL, options.flags, request, payload);
}

export function encodeCredit(request: number, bytes: number): Uint8Array {
    const payload = new Uint8Array(8);
    viewOf(payload).setUint32(0, bytes, true);
    return encodeFrame(TYPE.CREDIT, 0, request, payload);
}

export function encodeCancel(request: number): Uint8Array {
    return encodeFrame(TYPE.CANCEL, 0, request, new Uint8Array(0));
}

export function decodeResult(frame: Frame): Result {
    const view = headOf(frame, RESULT_HEAD);
    return {
        executionTime: Number(view.getBigUint64(0, true)) / 1000,
        cached: (frame.flags & ANSWER_CACHED) !== 0,
        batched: (frame.flags & ANSWER_BATCHED) !== 0,
        isStream: (frame.flags & ANSWER_STREAM) !== 0,
        data: valueIn(frame.payload, RESULT_HEAD, view.getUint32(8, true), view.getUint16(12, true)),
    };
}

export function decodeFailure(frame: Frame): Failure {
    const view = headOf(frame, FAILURE_HEAD);
    const messageN = view.getUint32(12, true);
    const detailsN = view.getUint32(16, true);
    const details = textIn(frame.payload, FAILURE_HEAD + messageN, detailsN);
    return {
        executionTime: Number(view.getBigUint64(0, true)) / 1000,
        batched: (frame.flags & ANSWER_BATCHED) !== 0,
        code: CODES[view.getUint16(8, true)] ?? "IPC_HANDLER_ERROR",
        message: textIn(frame.payload, FAILURE_HEAD, messageN),
        details: details === "" ? undefined : decodeValue(details, []),
    };
}

export function decodeChunk(frame: Frame): Chunk {
    const view = headOf(frame, CHUNK_HEAD);
    const current = Number(view.getBigUint64(8, true));
    const total = Number(view.getBigUint64(16, true));
    return {
        chunkIndex: view.getUint32(0, true),
        data: valueIn(frame.payload, CHUNK_HEAD, view.getUint32(4, true), view.getUint16(24, true)),
        progress: { current, total, percentage: total === 0 ? 0 : (100 * current) / total },
        isLast: (frame.flags & CHUNK_LAST) !== 0,
    };
}

export function decodeErrorFrame(frame: Frame): string {
    headOf(frame, 4);
    return textIn(frame.payload, 4, frame.payload.length - 4);
}

function headOf(frame: Frame, n: number): DataView {
    if (frame.payload.length < n) throw new ProtocolError(`a frame of type ${frame.type} is too short`);
    return viewOf(frame.payload);
}

function textIn(payload: Uint8Array, at: number, n: number): string {
    if (at + n > payload.length) throw new ProtocolError("a text does not fit its frame");
    return decoder.decode(payload.subarray(at, at + n));
}

function valueIn(payload: Uint8Array, at: number, n: number, count: number): unknown {
    const json = textIn(payload, at, n);
    return decodeValue(json, attachmentsIn(payload, at + n, count));
}

function attachmentsIn(payload: Uint8Array, at: number, count: number): Uint8Array[] {
    const view = viewOf(payload);
    let start = at + 4 * count;
    if (start > payload.length) throw new ProtocolError("attachments do not fit their frame");
    const found: Uint8Array[] = [];
    for (let i = 0; i < count; i += 1) {
        const n = view.getUint32(at + 4 * i, true);
        if (start + n > payload.length) throw new ProtocolError("an attachment does not fit its frame");
        found.push(payload.subarray(start, start + n));
        start += n;
    }
    return found;
}

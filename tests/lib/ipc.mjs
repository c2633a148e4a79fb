// SPDX-License-Identifier: MIT
//
// A small caller for docs/ipc-protocol.md, over the local socket or over WebSocket: for tests, written from
// the document alone.

import net from "node:net";
import WebSocket from "ws";

import { frame, TYPE } from "./frames.mjs";

const CALL = { CALL: 0x20, RESULT: 0x21, FAILURE: 0x22, CHUNK: 0x23, CREDIT: 0x24, CANCEL: 0x25 };
export const CODES = [
    "OK",
    "IPC_HANDLER_ERROR",
    "IPC_VALIDATION_ERROR",
    "IPC_RATE_LIMITED",
    "IPC_TIMEOUT",
    "IPC_CANCELLED",
    "IPC_UNKNOWN_CHANNEL",
    "IPC_FORBIDDEN",
    "IPC_DISCONNECTED",
    "IPC_TOO_LARGE",
];

function hello() {
    const payload = Buffer.alloc(24);
    payload.write("LMIP", 0, "latin1");
    payload.writeUInt16LE(1, 4);
    payload.writeBigUInt64LE(1n, 8);
    payload.writeUInt32LE(16 * 1024 * 1024, 16);
    return frame(TYPE.HELLO, payload);
}

function requestFrame(type, request, payload, flags = 0) {
    const bytes = frame(type, payload);
    bytes[5] = flags;
    bytes.writeBigUInt64LE(BigInt(request), 8);
    return bytes;
}

export class IpcCaller {
    #open = new Map();
    #last = 0;
    #in = Buffer.alloc(0);
    closed = false;
    refusal = null;

    /** { socket } for the local socket, { url, origin, headers } for WebSocket. */
    static async connect(where) {
        const caller = new IpcCaller();
        if (where.socket) await caller.#overSocket(where.socket);
        else await caller.#overWebSocket(where);
        caller.send(hello());
        return caller;
    }

    #overSocket(path) {
        const socket = net.connect(path);
        this.send = (bytes) => socket.write(bytes);
        this.close = () => socket.destroy();
        socket.on("data", (bytes) => this.#take(bytes));
        socket.on("close", () => this.#end());
        return new Promise((done, fail) => socket.once("connect", done).once("error", fail));
    }

    #overWebSocket({ url, origin, headers }) {
        const ws = new WebSocket(url, ["logmill.ipc"], { origin, headers });
        this.protocol = () => ws.protocol;
        this.send = (bytes) => ws.send(bytes);
        this.close = () => ws.close();
        ws.on("message", (bytes, binary) => {
            if (!binary) throw new Error("a text message");
            this.#take(bytes);
        });
        ws.on("close", (code) => {
            this.closeCode = code;
            this.#end();
        });
        return new Promise((done, fail) => ws.once("open", done).once("error", fail));
    }

    #end() {
        this.closed = true;
        for (const open of this.#open.values()) open.done({ code: "IPC_DISCONNECTED" });
        this.#open.clear();
    }

    #take(bytes) {
        this.#in = Buffer.concat([this.#in, bytes]);
        while (this.#in.length >= 16 && this.#in.length >= 16 + this.#in.readUInt32LE(0)) {
            const length = this.#in.readUInt32LE(0);
            this.#onFrame(
                this.#in[4],
                this.#in[5],
                Number(this.#in.readBigUInt64LE(8)),
                this.#in.subarray(16, 16 + length),
            );
            this.#in = this.#in.subarray(16 + length);
        }
    }

    #onFrame(type, flags, request, p) {
        const open = this.#open.get(request);
        if (type === TYPE.ERROR) this.refusal = p.subarray(4).toString();
        if (!open) return;
        if (type === CALL.RESULT) {
            const n = p.readUInt32LE(8);
            const data = n ? JSON.parse(p.subarray(16, 16 + n).toString()) : null;
            if (flags & 4) {
                open.isStream = true;
                return;
            }
            open.done({ code: "OK", data, cached: !!(flags & 1), batched: !!(flags & 2) });
        } else if (type === CALL.FAILURE) {
            const m = p.readUInt32LE(12);
            const d = p.readUInt32LE(16);
            open.done({
                code: CODES[p.readUInt16LE(8)],
                message: p.subarray(24, 24 + m).toString(),
                details: d ? JSON.parse(p.subarray(24 + m, 24 + m + d).toString()) : undefined,
            });
        } else if (type === CALL.CHUNK) {
            const n = p.readUInt32LE(4);
            if (p.readUInt32LE(0) !== open.chunks++) throw new Error("a chunk is missing");
            const data = n ? JSON.parse(p.subarray(32, 32 + n).toString()) : null;
            open.progress = { current: Number(p.readBigUInt64LE(8)), total: Number(p.readBigUInt64LE(16)) };
            if (data) open.onData?.(data, open.progress);
            if (open.paused) open.owed += p.length;
            else this.credit(request, p.length);
            if (flags & 1) open.done({ code: "OK", stream: true, progress: open.progress });
            return;
        }
        this.#open.delete(request);
    }

    credit(request, bytes) {
        const payload = Buffer.alloc(8);
        payload.writeUInt32LE(bytes, 0);
        this.send(requestFrame(CALL.CREDIT, request, payload));
    }

    /** Resolves with { code, data | message, details }. */
    call(channel, args, { timeoutMs = 0, credit = 0, onData, paused = false } = {}) {
        const request = ++this.#last;
        const json = args === undefined ? "" : typeof args === "string" ? args : JSON.stringify(args);
        const head = Buffer.alloc(16);
        head.writeUInt16LE(channel.length, 0);
        head.writeUInt32LE(Buffer.byteLength(json), 4);
        head.writeUInt32LE(timeoutMs, 8);
        head.writeUInt32LE(credit, 12);
        const answer = new Promise((done) => {
            this.#open.set(request, { done, onData, paused, chunks: 0, owed: 0 });
        });
        answer.request = request;
        this.send(requestFrame(CALL.CALL, request, Buffer.concat([head, Buffer.from(channel + json)])));
        return answer;
    }

    /** A stream: onData gets each chunk's items. The promise resolves at its end. */
    stream(channel, args, onData, { credit = 256 * 1024, paused = false } = {}) {
        return this.call(channel, args, { credit, onData, paused });
    }

    cancel(request) {
        this.send(requestFrame(CALL.CANCEL, request, Buffer.alloc(0)));
    }
}

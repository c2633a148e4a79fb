// SPDX-License-Identifier: MIT
//
// The conformance server and clients that lie to it: a WebSocket client that writes any frame, and
// HTTP for polling by hand.

import crypto from "node:crypto";
import net from "node:net";
import { join } from "node:path";
import { BUILD } from "./paths.mjs";
import { Process } from "./process.mjs";
import { until } from "./wait.mjs";

/** Starts build/tests/conformance on a free port for the tests of a file; `after` ends it. */
export async function startServer(...flags) {
    const program = join(BUILD, "tests", "conformance");
    const server = new Process("conformance", program, ["--port", "0", ...flags]);
    const [, port] = await until("the conformance server", () => /:(\d+)\n/.exec(server.stdout));
    return {
        pid: server.pid,
        port: Number(port),
        url: `http://127.0.0.1:${port}`,
        ws: `ws://127.0.0.1:${port}`,
        async stop() {
            server.signal("SIGKILL");
            await server.end();
        },
    };
}

export const TEXT = 0x81;
export const BINARY = 0x82;
export const CLOSE = 0x88;
export const PING = 0x89;
export const PONG = 0x8a;

/** A client frame: first byte, payload; masked unless told otherwise. */
export function wsFrame(first, payload = "", { mask = true, length } = {}) {
    const body = Buffer.from(payload);
    const n = length ?? body.length;
    let head;
    if (n < 126) head = Buffer.from([first, n]);
    else if (n < 65536) head = Buffer.from([first, 126, n >> 8, n & 255]);
    else {
        head = Buffer.alloc(10);
        head[0] = first;
        head[1] = 127;
        head.writeBigUInt64BE(BigInt(n), 2);
    }
    if (!mask) return Buffer.concat([head, body]);
    head[1] |= 0x80;
    const key = crypto.randomBytes(4);
    const masked = Buffer.from(body);
    for (let i = 0; i < masked.length; i++) masked[i] ^= key[i & 3];
    return Buffer.concat([head, key, masked]);
}

export function closePayload(code, reason = "") {
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    return payload;
}

/** A WebSocket client that sends what it is told and keeps the frames it gets. */
export class RawWebSocket {
    frames = [];
    ended = false;
    rest = Buffer.alloc(0);
    head = "";

    constructor(port, path = "/echo", headers = {}) {
        this.socket = net.connect(port, "127.0.0.1");
        this.socket.setNoDelay(true);
        this.socket.on("error", () => {});
        this.socket.on("close", () => (this.ended = true));
        this.socket.on("data", (bytes) => this.take(bytes));
        const fields = {
            Host: `127.0.0.1:${port}`,
            Upgrade: "websocket",
            Connection: "Upgrade",
            "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64"),
            "Sec-WebSocket-Version": "13",
            ...headers,
        };
        const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
        this.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    }

    take(bytes) {
        this.rest = Buffer.concat([this.rest, bytes]);
        if (!this.head) {
            const end = this.rest.indexOf("\r\n\r\n");
            if (end < 0) return;
            this.head = this.rest.subarray(0, end).toString();
            this.rest = this.rest.subarray(end + 4);
        }
        while (this.takeFrame());
    }

    takeFrame() {
        const b = this.rest;
        if (b.length < 2) return false;
        let n = b[1] & 127;
        let at = 2;
        if (n === 126) {
            if (b.length < 4) return false;
            n = b.readUInt16BE(2);
            at = 4;
        } else if (n === 127) {
            if (b.length < 10) return false;
            n = Number(b.readBigUInt64BE(2));
            at = 10;
        }
        if (b.length < at + n) return false;
        this.frames.push({ first: b[0], masked: b[1] >= 128, payload: Buffer.from(b.subarray(at, at + n)) });
        this.rest = b.subarray(at + n);
        return true;
    }

    async open() {
        await until("the handshake", () => this.head || this.ended);
        return this;
    }

    send(...parts) {
        for (const part of parts) this.socket.write(part);
        return this;
    }

    /** The i-th frame, when it has come. */
    frame(i) {
        return until(
            () => `frame ${i}; there are ${this.frames.length}, ended: ${this.ended}`,
            () => this.frames[i],
        );
    }

    /** The code it is closed with, once the connection is over. */
    async closed() {
        await until("the connection to end", () => this.ended);
        const close = this.frames.find((f) => f.first === CLOSE);
        return close ? (close.payload.length >= 2 ? close.payload.readUInt16BE(0) : 1005) : 1006;
    }

    destroy() {
        this.socket.destroy();
    }
}

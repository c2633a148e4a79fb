// SPDX-License-Identifier: MIT
//
// The frames of docs/ipc-protocol.md written by hand, for tests that lie with them.

import net from "node:net";

export const TYPE = {
    HELLO: 0x01,
    ERROR: 0x02,
    RUN: 0x10,
    RESUME: 0x11,
    DATA: 0x12,
    ACK: 0x13,
    EXIT: 0x14,
    END: 0x15,
    NOTE: 0x18,
};

export function frame(type, payload = Buffer.alloc(0), length = payload.length) {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(length, 0);
    head[4] = type;
    return Buffer.concat([head, payload]);
}

export function hello({ magic = 0x50494d4c, version = 1 } = {}) {
    const payload = Buffer.alloc(24);
    payload.writeUInt32LE(magic, 0);
    payload.writeUInt16LE(version, 4);
    payload.writeUInt32LE(1024 * 1024 + 64, 16);
    return frame(TYPE.HELLO, payload);
}

export function run({ id = 1, name = "liar", nameLength = name.length, labels = 0, startedUs = 0n } = {}) {
    const payload = Buffer.alloc(48 + name.length);
    payload.fill(id, 0, 16);
    payload.writeInt32LE(2, 16);
    payload.writeInt32LE(2, 20);
    payload.writeBigInt64LE(startedUs, 24);
    payload.writeUInt16LE(nameLength, 32);
    payload.writeUInt16LE(labels, 34);
    payload.writeUInt32LE(2, 44);
    payload.write(name, 48);
    return frame(TYPE.RUN, payload);
}

export function data(text, { offset = 0n, stream = 1, readUs = 0n } = {}) {
    const head = Buffer.alloc(24);
    head.writeBigUInt64LE(offset, 0);
    head.writeBigInt64LE(readUs, 8);
    head.writeUInt32LE(stream, 16);
    return frame(TYPE.DATA, Buffer.concat([head, Buffer.from(text)]));
}

export function exit({ code = 0, signal = 0 } = {}) {
    const payload = Buffer.alloc(56);
    payload.writeInt32LE(code, 8);
    payload.writeInt32LE(signal, 12);
    return frame(TYPE.EXIT, payload);
}

export function end(stdout, stderr = 0n) {
    const payload = Buffer.alloc(16);
    payload.writeBigUInt64LE(stdout, 0);
    payload.writeBigUInt64LE(stderr, 8);
    return frame(TYPE.END, payload);
}

/** A connection to the local socket that keeps what it is answered. */
export class Caller {
    answer = Buffer.alloc(0);
    closed = false;

    constructor(hub) {
        this.socket = net.connect(hub.socket);
        this.socket.on("data", (bytes) => (this.answer = Buffer.concat([this.answer, bytes])));
        this.socket.on("close", () => (this.closed = true));
        this.socket.on("error", () => {});
    }

    send(...parts) {
        for (const part of parts) this.socket.write(part);
        return this;
    }

    /** The frames it was answered, as { type, payload }. */
    get frames() {
        const found = [];
        for (let at = 0; at + 16 <= this.answer.length;) {
            const length = this.answer.readUInt32LE(at);
            found.push({
                type: this.answer[at + 4],
                payload: this.answer.subarray(at + 16, at + 16 + length),
            });
            at += 16 + length;
        }
        return found;
    }

    /** The sentence of an ERROR frame, if there was one. */
    get error() {
        return this.frames
            .find((f) => f.type === TYPE.ERROR)
            ?.payload.subarray(4)
            .toString();
    }

    close() {
        this.socket.destroy();
    }
}

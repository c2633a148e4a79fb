// SPDX-License-Identifier: MIT
//
// Frames of the local protocol (docs/ipc-protocol.md): 16 bytes of header, then a payload. Here is
// what calls need; integers are little-endian.

export const HEADER = 16;
export const FEATURE_CALLS = 1;
/** The longest payload this side takes. */
export const MAX_FRAME = 16 * 1024 * 1024;
const MAGIC = 0x50494d4c;
const HELLO_N = 24;

export const TYPE = {
    HELLO: 0x01,
    ERROR: 0x02,
    CALL: 0x20,
    RESULT: 0x21,
    FAILURE: 0x22,
    CHUNK: 0x23,
    CREDIT: 0x24,
    CANCEL: 0x25,
} as const;

export interface Frame {
    type: number;
    flags: number;
    request: number;
    payload: Uint8Array;
}

/** The peer does not keep to the protocol: the connection is of no use any more. */
export class ProtocolError extends Error {
    override readonly name = "ProtocolError";
}

export function viewOf(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function encodeFrame(type: number, flags: number, request: number, payload: Uint8Array): Uint8Array {
    const frame = new Uint8Array(HEADER + payload.length);
    const view = viewOf(frame);
    view.setUint32(0, payload.length, true);
    frame[4] = type;
    frame[5] = flags;
    view.setBigUint64(8, BigInt(request), true);
    frame.set(payload, HEADER);
    return frame;
}

export function encodeHello(features: number): Uint8Array {
    const payload = new Uint8Array(HELLO_N);
    const view = viewOf(payload);
    view.setUint32(0, MAGIC, true);
    view.setUint16(4, 1, true);
    view.setBigUint64(8, BigInt(features), true);
    view.setUint32(16, MAX_FRAME, true);
    return encodeFrame(TYPE.HELLO, 0, 0, payload);
}

/** What the peer says of itself. */
export function decodeHello(payload: Uint8Array): { version: number; features: number; maxFrame: number } {
    if (payload.length < HELLO_N) throw new ProtocolError("HELLO is too short");
    const view = viewOf(payload);
    if (view.getUint32(0, true) !== MAGIC) throw new ProtocolError("the other side does not speak this protocol");
    return {
        version: view.getUint16(4, true),
        features: Number(view.getBigUint64(8, true) & 0xffffffffn),
        maxFrame: view.getUint32(16, true),
    };
}

/** Cuts a stream of bytes into frames, whatever the pieces they come in. */
export class FrameReader {
    private pieces: Uint8Array[] = [];
    private length = 0;

    constructor(private readonly onFrame: (frame: Frame) => void) {}

    feed(piece: Uint8Array): void {
        this.pieces.push(piece);
        this.length += piece.length;
        for (let frame = this.next(); frame; frame = this.next()) this.onFrame(frame);
    }

    /** The next whole frame. A large one in a thousand pieces is copied once, when its end is there. */
    private next(): Frame | null {
        if (this.length < HEADER) return null;
        if ((this.pieces[0] as Uint8Array).length < HEADER) this.join();
        const view = viewOf(this.pieces[0] as Uint8Array);
        const end = HEADER + view.getUint32(0, true);
        if (end - HEADER > MAX_FRAME) throw new ProtocolError(`a frame of ${end - HEADER} bytes is more than was allowed`);
        if (this.length < end) return null;
        const bytes = this.join();
        this.pieces = bytes.length > end ? [bytes.subarray(end)] : [];
        this.length -= end;
        return {
            type: bytes[4] as number,
            flags: bytes[5] as number,
            request: Number(view.getBigUint64(8, true)),
            payload: bytes.subarray(HEADER, end),
        };
    }

    private join(): Uint8Array {
        if (this.pieces.length > 1) {
            const all = new Uint8Array(this.length);
            let at = 0;
            for (const piece of this.pieces) {
                all.set(piece, at);
                at += piece.length;
            }
            this.pieces = [all];
        }
        return this.pieces[0] as Uint8Array;
    }
}

// SPDX-License-Identifier: MIT
//
// One connection to a stream, whatever carries it. A transport is made, says `open` once or never,
// then hands on what comes, and says `closed` exactly once. It never reconnects: streamer.ts does.

import type { LogMessage, Notice } from "./types.js";

/** A message of a stream: a record, a notice, an answer to requestLogs, or another control message. */
export type StreamMessage = LogMessage | Notice | ControlMessage;

export interface ControlMessage {
    type: string;
    [member: string]: unknown;
}

export interface TransportEvents {
    open(): void;
    /** What came in one piece. `cursor` is where to resume behind it, null when the last id tells. */
    messages(batch: StreamMessage[], cursor: string | null): void;
    /** Something arrived that could not be read; the stream goes on. */
    unreadable(text: string, error: Error): void;
    /** Any sign of life. */
    alive(): void;
    /** The hub wants this pause before a new attempt, in ms. */
    retry(ms: number): void;
    closed(reason: Error): void;
}

export interface Transport {
    readonly name: "websocket" | "sse";
    /** Does the hub send heartbeats that this client can see? Then silence means that it is gone. */
    readonly hasHeartbeats: boolean;
    /** False when this transport cannot carry messages to the hub. */
    send(message: ControlMessage): boolean;
    close(): void;
}

export function isRecord(message: StreamMessage): message is LogMessage {
    return message.type === undefined;
}

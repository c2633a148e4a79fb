// SPDX-License-Identifier: MIT
//
// The nouns: a record, the notices that stand where records are missing, and what may be asked for.
// Members have the names of the wire (job_run_id); what a program of the camel kind writes
// (jobRunId) is understood wherever a caller gives something.

export type Level = "trace" | "debug" | "info" | "warn" | "error" | "fatal";
export type StreamName = "stdout" | "stderr" | "system";

/** One line, understood. Absent members have nothing to say. */
export interface LogMessage {
    id: number;
    timestamp: string;
    level: Level;
    stream: StreamName;
    source?: string;
    message: string;
    job_run_id?: string;
    task_run_id?: string;
    task_name?: string;
    campaign_id?: string;
    user_email?: string;
    session_id?: string;
    process_id?: string;
    /** Any further members of the input. */
    fields?: Record<string, unknown>;
    /** Continues the record before it, as the lines of a stack trace do. */
    cont?: boolean;
    /** The message was cut for live clients; `size` is its length in bytes, `getRecord(id)` has it whole. */
    truncated?: boolean;
    size?: number;
    /** Any other label. */
    [label: string]: unknown;
}

/** Records this client was too slow for: counted exactly, still in the store. */
export interface DroppedNotice {
    type: "dropped";
    from: number;
    to: number;
    count: number;
    levels?: Partial<Record<Level, number>>;
    reason: string;
    level: Level;
    stream: StreamName;
    message: string;
    timestamp: string;
}

/** Ids after `after` and before `next` cannot be had, and why. */
export interface GapNotice {
    type: "gap";
    after: number;
    next: number;
    count: number | null;
    reason: string;
    level: Level;
    stream: StreamName;
    message: string;
    timestamp: string;
}

export type Notice = DroppedNotice | GapNotice;

/** The unfinished last line of a process; the next record of its source and stream replaces it. */
export interface PartialLine {
    type: "partial";
    source: string;
    stream: StreamName;
    text: string;
    [label: string]: unknown;
}

/** Which records: all given members must hold. */
export interface LogFilter {
    jobRunId?: string;
    taskRunId?: string;
    source?: string;
    processId?: string;
    campaignId?: string;
    userEmail?: string;
    sessionId?: string;
    /** This level and above. */
    level?: Level | string;
    stream?: StreamName;
    /** A text that the message contains. */
    search?: string;
    /** The filter language: `level>=warn source:api "connection reset"`. */
    q?: string;
}

/** Where a connection stands. `waiting.until` is in milliseconds of Date.now(); `refused.code` is the word of the
 * hub's error, as in "unauthorized". */
export type ConnectionState =
    | { name: "closed" }
    | { name: "connecting"; attempt: number }
    | { name: "live"; transport: "websocket" | "sse" }
    | { name: "waiting"; until: number; attempt: number; reason: string }
    | { name: "refused"; reason: string; code: string };

export interface Credentials {
    /** A bearer token. */
    token?: string;
    /** Asked before every connection and request; goes before `token`. */
    getToken?: () => string | Promise<string>;
}

export interface Callbacks {
    onMessage?: (log: LogMessage) => void;
    /** What arrived together; called before onMessage of each. */
    onBatch?: (logs: LogMessage[]) => void;
    onDropped?: (notice: DroppedNotice) => void;
    onGap?: (notice: GapNotice) => void;
    /** Where the stream stands; called after what came, and when a heartbeat moves it on. */
    onCursor?: (cursor: string) => void;
    /** Over `logmill.v1` only; never stored. */
    onPartial?: (line: PartialLine) => void;
    onConnect?: () => void;
    onDisconnect?: (reason: string) => void;
    /** A message that could not be read, a refusal, a lost connection. The stream goes on. */
    onError?: (error: Error) => void;
    onState?: (state: ConnectionState) => void;
}

export interface StreamOptions extends LogFilter, Credentials, Callbacks {
    /** This many recent records first. */
    tail?: number;
    /** Everything after this cursor or id first. */
    after?: string | number;
    /** Records come together, at most once in so many ms (to 100): for those who draw no more often. */
    batchMs?: number;
    /** Default true. */
    autoReconnect?: boolean;
    /** Default: without limit. */
    maxReconnectAttempts?: number;
    /** The longest wait between two attempts, in ms. Default 30,000. */
    maxReconnectDelay?: number;
    /** Default: WebSocket where there is one, else server-sent events. */
    transport?: "auto" | "websocket" | "sse";
    /** For Node below 22: the class of a WebSocket package. */
    WebSocket?: WebSocketClass;
    fetch?: typeof fetch;
}

export interface WebSocketLike {
    readyState: number;
    binaryType: string;
    readonly protocol: string;
    onopen: ((event: never) => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onerror: ((event: never) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
    send(data: string | ArrayBuffer | Uint8Array): void;
    close(code?: number, reason?: string): void;
}

export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;

/** The hub's answer to a request that failed, or what kept it from answering (status 0). */
export class HubError extends Error {
    override readonly name = "HubError";
    constructor(
        message: string,
        readonly status: number,
        readonly code: string,
        readonly details?: unknown,
    ) {
        super(message);
    }

    /** Asking again soon with the same words would not help. */
    get isFinal(): boolean {
        return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
    }
}

/** The state of a connection that ended for this reason: refused for good, or null when trying again may help. */
export function refusedBy(reason: Error): (ConnectionState & { name: "refused" }) | null {
    if (!(reason instanceof HubError) || !reason.isFinal) return null;
    return { name: "refused", reason: reason.message, code: reason.code };
}

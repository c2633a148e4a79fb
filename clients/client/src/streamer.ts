// SPDX-License-Identifier: MIT
//
// One stream of records that survives its connections. It remembers the last cursor, connects again
// after a loss with growing pauses, asks for what came after that cursor, and lets nothing through
// twice: ids of one store only rise, so a record whose id is not above the last one is a repetition.
//
//     closed ─connect()─▶ connecting ─▶ live ─loss─▶ waiting ─▶ connecting …
//                             └──── refused for good (401, a wrong filter): waits at its longest,
//                                   since a token may be renewed and a hub replaced
//
// A stream that is silent for longer than three heartbeats is dead, whatever the system believes.

import { Backoff } from "./backoff.js";
import type { Http } from "./http.js";
import { filterParams } from "./params.js";
import { SseTransport } from "./sse_transport.js";
import { isRecord, type ControlMessage, type StreamMessage, type Transport } from "./transport.js";
import {
    HubError,
    refusedBy,
    type ConnectionState,
    type LogFilter,
    type LogMessage,
    type Notice,
    type PartialLine,
    type StreamOptions,
    type WebSocketClass,
} from "./types.js";
import { WsTransport } from "./ws_transport.js";

export const SILENCE_MS = 15_000;
const ANSWER_MS = 10_000;
/** So many WebSockets that never opened, and server-sent events are tried. */
const FALL_BACK_AFTER = 2;

interface Waiting {
    resolve(logs: LogMessage[]): void;
    reject(error: Error): void;
    timer: ReturnType<typeof setTimeout>;
}

export interface LogRequest extends LogFilter {
    limit?: number;
    /** Only records before this id. */
    before?: number;
}

export class LogStreamer {
    state: ConnectionState = { name: "closed" };
    /** Where the stream stands: give it as `after` to go on later, e.g. after a reload. */
    cursor: string | null = null;
    private filter: LogFilter;
    private transport: Transport | null = null;
    private readonly backoff: Backoff;
    private lastId = 0;
    private epoch = "";
    private unopened = 0;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private watchdog: ReturnType<typeof setInterval> | undefined;
    private heardAt = 0;
    private requests = 0;
    private generation = 0;
    private readonly waiting = new Map<string, Waiting>();

    constructor(
        private readonly http: Http,
        private readonly options: StreamOptions,
    ) {
        this.filter = options;
        this.backoff = new Backoff(options.maxReconnectDelay);
        this.cursor = options.after === undefined ? null : String(options.after);
    }

    get connected(): boolean {
        return this.state.name === "live";
    }

    /** Connects now; while a wait is under way it ends. Connecting twice is the same as once. */
    connect(): void {
        if (this.transport) return;
        clearTimeout(this.timer);
        this.open();
    }

    /** Ends the stream. connect() goes on where it was. */
    disconnect(): void {
        clearTimeout(this.timer);
        const transport = this.transport;
        this.forget(new Error("the stream was disconnected"));
        transport?.close();
        const was = this.state.name;
        this.become({ name: "closed" });
        if (was === "live") this.options.onDisconnect?.("disconnected");
    }

    /** Another filter from here on, on the same connection where the transport can. */
    setFilter(filter: LogFilter): void {
        this.filter = filter;
        if (!this.transport) return;
        if (this.state.name === "live" && this.transport.send({ type: "filter", ...filterParams(filter) })) return;
        const transport = this.transport;
        this.forget(new Error("the filter changed"));
        transport.close();
        this.open();
    }

    /** The hub stops sending (and a WebSocket stays open) until resume(). False: not possible here. */
    pause(): boolean {
        return this.transport?.send({ type: "pause" }) ?? false;
    }

    resume(): boolean {
        return this.transport?.send({ type: "resume" }) ?? false;
    }

    /** Recent records, oldest first, reaching into the store; the stream itself is not touched. */
    requestLogs(request: LogRequest | number = {}): Promise<LogMessage[]> {
        const wanted = typeof request === "number" ? { limit: request } : request;
        const { limit = 500, before, ...more } = wanted;
        const filter = { ...filterParams(this.filter), ...filterParams(more) };
        const id = `r${++this.requests}`;
        const message: ControlMessage = { type: "requestLogs", id, limit, ...filter };
        if (before !== undefined) message.before = before;
        if (this.state.name !== "live" || !this.transport?.send(message)) return this.fetchLogs(filter, limit, before);
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => this.settle(id)?.reject(new Error("requestLogs: no answer")), ANSWER_MS);
            this.waiting.set(id, { resolve, reject, timer });
        });
    }

    private async fetchLogs(filter: Record<string, string>, limit: number, before?: number): Promise<LogMessage[]> {
        const params: Record<string, unknown> = { ...filter, limit, order: "desc", count: "none" };
        if (before !== undefined) params.cursor = before - 1;
        const answer = await this.http.json<{ logs: LogMessage[] }>("/api/v1/logs", params);
        return answer.logs.reverse();
    }

    // --- one connection ---

    private open(): void {
        this.become({ name: "connecting", attempt: this.backoff.attempts + 1 });
        const generation = ++this.generation;
        const current = <A extends unknown[]>(fn: (...args: A) => void) =>
            (...args: A): void => {
                if (this.generation === generation) fn(...args);
            };
        const events = {
            open: current(() => this.opened()),
            messages: current((batch: StreamMessage[], cursor: string | null) => this.take(batch, cursor)),
            unreadable: current((text: string, error: Error) => this.unreadable(text, error)),
            alive: current(() => {
                this.heardAt = Date.now();
            }),
            retry: current((ms: number) => {
                this.backoff.base = Math.min(Math.max(ms, 100), 10_000);
            }),
            closed: current((reason: Error) => void this.lost(reason)),
        };
        const socket = this.socketClass();
        this.transport = socket
            ? new WsTransport(socket, this.http, this.params(), events)
            : new SseTransport(this.http, this.params(), events);
    }

    private params(): Record<string, unknown> {
        const params: Record<string, unknown> = filterParams(this.filter);
        if (this.cursor !== null) params.after = this.cursor;
        else if (this.options.tail) params.tail = this.options.tail;
        if (this.options.batchMs) params.batch_ms = this.options.batchMs;
        return params;
    }

    private socketClass(): WebSocketClass | null {
        const { transport = "auto" } = this.options;
        if (transport === "sse" || (transport === "auto" && this.unopened >= FALL_BACK_AFTER)) return null;
        const found =
            this.options.WebSocket ?? (globalThis as unknown as { WebSocket?: WebSocketClass }).WebSocket ?? null;
        if (!found && transport === "websocket")
            throw new TypeError("this program has no WebSocket: give a class as the option WebSocket");
        return found;
    }

    private opened(): void {
        const transport = this.transport as Transport;
        this.unopened = 0;
        this.backoff.connected();
        this.heardAt = Date.now();
        if (transport.hasHeartbeats)
            this.watchdog = setInterval(() => {
                if (Date.now() - this.heardAt > SILENCE_MS) transport.close();
            }, 1000);
        this.become({ name: "live", transport: transport.name });
        this.options.onConnect?.();
    }

    private async lost(reason: Error): Promise<void> {
        const wasLive = this.state.name === "live";
        if (!wasLive && this.transport?.name === "websocket") this.unopened += 1;
        this.forget(reason);
        const generation = this.generation;
        if (wasLive) this.options.onDisconnect?.(reason.message);
        const error = wasLive || reason instanceof HubError ? reason : await this.explain(reason);
        if (this.generation !== generation || this.transport || this.state.name === "closed") return;
        this.options.onError?.(error);
        this.wait(error);
    }

    /** A WebSocket that was refused does not say why, but a request does. */
    private async explain(reason: Error): Promise<Error> {
        try {
            await this.http.request("/api/v1/logs", { ...filterParams(this.filter), limit: 1, count: "none" });
            return reason;
        } catch (error) {
            return error as Error;
        }
    }

    private wait(reason: Error): void {
        const { autoReconnect = true, maxReconnectAttempts = Infinity } = this.options;
        const refused = refusedBy(reason);
        const attempt = this.backoff.attempts + 1;
        if (!autoReconnect || attempt > maxReconnectAttempts) {
            this.become(refused ?? { name: "closed" });
            return;
        }
        if (refused) this.backoff.atLongest();
        const ms = this.backoff.next();
        this.become(refused ?? { name: "waiting", until: Date.now() + ms, attempt, reason: reason.message });
        this.timer = setTimeout(() => this.open(), ms);
    }

    /** The present transport is no longer listened to. */
    private forget(reason: Error): void {
        this.generation += 1;
        this.transport = null;
        clearInterval(this.watchdog);
        for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(reason);
    }

    // --- what comes ---

    private take(batch: StreamMessage[], cursor: string | null): void {
        const records: LogMessage[] = [];
        for (const message of batch) {
            if (!isRecord(message)) {
                this.deliver(records.splice(0));
                this.control(message);
            } else if (this.isNew(message, cursor)) records.push(message);
        }
        this.deliver(records);
        if (cursor !== null) this.cursor = cursor;
        const { cursor: now } = this;
        if (now !== null) this.guard(() => this.options.onCursor?.(now));
    }

    private isNew(record: LogMessage, cursor: string | null): boolean {
        const epoch = cursor === null ? this.epoch : cursor.slice(0, Math.max(0, cursor.lastIndexOf(".")));
        if (epoch !== this.epoch) this.lastId = 0;
        this.epoch = epoch;
        if (record.id <= this.lastId) return false;
        this.lastId = record.id;
        if (cursor === null) this.cursor = epoch === "" ? String(record.id) : `${epoch}.${record.id}`;
        return true;
    }

    private deliver(records: LogMessage[]): void {
        if (records.length === 0) return;
        this.guard(() => this.options.onBatch?.(records));
        const { onMessage } = this.options;
        if (onMessage) for (const record of records) this.guard(() => onMessage(record));
    }

    private control(message: Notice | ControlMessage): void {
        const { type } = message;
        if (type === "dropped") this.guard(() => this.options.onDropped?.(message as Notice & { type: "dropped" }));
        else if (type === "gap") this.gap(message as Notice & { type: "gap" });
        else if (type === "partial") this.guard(() => this.options.onPartial?.(message as unknown as PartialLine));
        else if (type === "logs") this.answer(message as ControlMessage);
        else if (type === "error") this.refusal(message as ControlMessage);
    }

    private gap(notice: Notice & { type: "gap" }): void {
        if (notice.reason === "epoch") this.lastId = 0;
        this.guard(() => this.options.onGap?.(notice));
    }

    private answer(message: ControlMessage): void {
        const { id, logs } = message;
        if (typeof id === "string" && Array.isArray(logs)) this.settle(id)?.resolve(logs as LogMessage[]);
    }

    /** The hub could not do what a message of ours asked; it may name the request. */
    private refusal(message: ControlMessage): void {
        const error = new HubError(String(message.message), 400, String(message.code), message.details);
        const asked = typeof message.id === "string" ? this.settle(message.id) : undefined;
        if (asked) asked.reject(error);
        else if (error.code === "filter_too_expensive") this.ended(error);
        else this.options.onError?.(error);
    }

    /** Nothing comes any more, even if the connection stays open. */
    private ended(error: HubError): void {
        const transport = this.transport;
        this.forget(error);
        transport?.close();
        this.options.onDisconnect?.(error.message);
        this.options.onError?.(error);
        this.wait(error);
    }

    private settle(id: string): Waiting | undefined {
        const waiting = this.waiting.get(id);
        this.waiting.delete(id);
        clearTimeout(waiting?.timer);
        return waiting;
    }

    private unreadable(text: string, error: Error): void {
        const start = text.length > 120 ? `${text.slice(0, 120)}…` : text;
        this.options.onError?.(new Error(`a message could not be read (${error.message}): ${start}`));
    }

    /** A callback that throws is the caller's mistake, not the end of the stream. */
    private guard(fn: () => void): void {
        try {
            fn();
        } catch (error) {
            this.options.onError?.(error instanceof Error ? error : new Error(String(error)));
        }
    }

    private become(state: ConnectionState): void {
        this.state = state;
        this.options.onState?.(state);
    }
}

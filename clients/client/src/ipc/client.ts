// SPDX-License-Identifier: MIT
//
// Calls to handlers of a hub, or of any program that serves the protocol: one answer, a stream of
// chunks, or events that go on. Calls made while there is no connection wait for it; calls that
// are open when it breaks fail with IPC_DISCONNECTED, unless they are declared idempotent: those are
// made again. Subscriptions are made again, too, and say where they were.

import { Backoff } from "../backoff.js";
import {
    CALL_FRESH,
    CALL_NO_REPLY,
    decodeChunk,
    decodeErrorFrame,
    decodeFailure,
    decodeResult,
    encodeCall,
    encodeCancel,
    encodeCredit,
    type Chunk,
    type IpcCode,
} from "./call_frames.js";
import { decodeHello, encodeHello, FEATURE_CALLS, FrameReader, TYPE, type Frame } from "./frame.js";
import type { Connect, Link } from "./link.js";
import { encodeValue, type Encoded } from "./values.js";

export const CREDIT = 256 * 1024;

export interface Metadata {
    /** Milliseconds from the arrival of the call to its answer. */
    executionTime: number;
    cached: boolean;
    batched: boolean;
    requestId: string;
}

export type Envelope<T> =
    | { success: true; data: T; metadata: Metadata }
    | { success: false; error: { code: IpcCode; message: string; details?: unknown }; metadata: Metadata };

/** A call that did not succeed. */
export class IpcError extends Error {
    override readonly name = "IpcError";
    constructor(
        message: string,
        readonly code: IpcCode,
        readonly details?: unknown,
        readonly metadata?: Metadata,
    ) {
        super(message);
    }
}

export interface CallConfig {
    signal?: AbortSignal;
    /** Milliseconds; the handler's own limit holds beside it. */
    timeout?: number;
    /** An answer out of the cache will not do. */
    fresh?: boolean;
    /** May be made twice: after a lost connection it is made again. */
    idempotent?: boolean;
    /** Streams: bytes that may be on the way. Default 256 KiB. */
    credit?: number;
}

/** Channels with their arguments and results, for programs that declare them. */
export type ChannelMap = { [channel: string]: { args: unknown; result: unknown } };

export interface IpcOptions {
    onConnect?: () => void;
    onDisconnect?: (reason: Error) => void;
    maxReconnectDelay?: number;
}

interface OpenCall {
    request: number;
    channel: string;
    args: Encoded;
    config: CallConfig;
    wantsChunks: boolean;
    result(data: unknown, metadata: Metadata, isStream: boolean): void;
    chunk(chunk: Chunk, cost: number): void;
    failed(error: IpcError): void;
    unlisten(): void;
}

export class IpcClient<M extends ChannelMap = ChannelMap> {
    private link: Link | null = null;
    private ready = false;
    private closed = false;
    private lastRequest = 0;
    private readonly calls = new Map<number, OpenCall>();
    private readonly backoff: Backoff;
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(
        private readonly connect: Connect,
        private readonly options: IpcOptions = {},
    ) {
        this.backoff = new Backoff(options.maxReconnectDelay);
        this.open();
    }

    get isClosed(): boolean {
        return this.closed;
    }

    get connected(): boolean {
        return this.ready;
    }

    /** The data of the answer; an IpcError when it did not succeed. A streamed answer is collected. */
    async call<C extends keyof M & string>(channel: C, args?: M[C]["args"], config: CallConfig = {}): Promise<M[C]["result"]> {
        const envelope = await this.request(channel, args, config);
        if (envelope.success) return envelope.data;
        const { code, message, details } = envelope.error;
        throw new IpcError(message, code, details, envelope.metadata);
    }

    /** The whole envelope; never rejects for what the other side or the connection does. */
    request<C extends keyof M & string>(channel: C, args?: M[C]["args"], config: CallConfig = {}): Promise<Envelope<M[C]["result"]>> {
        return new Promise((resolve) => {
            let stream: { metadata: Metadata; parts: unknown[] } | null = null;
            this.begin(channel, encodeValue(args), config, false, {
                result: (data, metadata, isStream) => {
                    if (isStream) stream = { metadata, parts: [] };
                    else resolve({ success: true, data: data as M[C]["result"], metadata });
                },
                chunk: (chunk) => {
                    if (!stream) return;
                    if (Array.isArray(chunk.data)) stream.parts.push(...(chunk.data as unknown[]));
                    else if (chunk.data !== null) stream.parts.push(chunk.data);
                    if (chunk.isLast)
                        resolve({ success: true, data: stream.parts as M[C]["result"], metadata: stream.metadata });
                },
                failed: ({ code, message, details, metadata }) =>
                    resolve({ success: false, error: { code, message, details }, metadata: metadata as Metadata }),
            });
        });
    }

    /** Says it and does not wait for an answer. */
    notify<C extends keyof M & string>(channel: C, args?: M[C]["args"]): void {
        const request = ++this.lastRequest;
        const bytes = encodeCall(request, channel, encodeValue(args), { timeoutMs: 0, credit: 0, flags: CALL_NO_REPLY });
        if (!this.ready) throw new IpcError("there is no connection to the hub", "IPC_DISCONNECTED");
        this.link?.send(bytes);
    }

    /** The chunks of an answer as they come; leaving the loop cancels. Memory is bounded by `credit`. */
    async *stream<T = unknown>(channel: string, args?: unknown, config: CallConfig = {}): AsyncGenerator<Chunk<T>> {
        const queue: { chunk: Chunk; cost: number }[] = [];
        let failure: IpcError | null = null;
        let wake: () => void = () => undefined;
        const call = this.begin(channel, encodeValue(args), config, true, {
            result: (data, _, isStream) => {
                if (!isStream) queue.push({ chunk: onlyChunk(data), cost: 0 });
                wake();
            },
            chunk: (chunk, cost) => {
                queue.push({ chunk, cost });
                wake();
            },
            failed: (error) => {
                failure = error;
                wake();
            },
        });
        try {
            for (;;) {
                const next = queue.shift();
                if (next) {
                    yield next.chunk as Chunk<T>;
                    if (next.chunk.isLast) return;
                    this.giveBack(call, next.cost);
                } else if (failure) throw failure as IpcError;
                else await new Promise<void>((resolve) => (wake = resolve));
            }
        } finally {
            this.cancel(call);
        }
    }

    /** Ends the connection; open calls fail. */
    close(): void {
        this.closed = true;
        clearTimeout(this.timer);
        const link = this.link;
        this.lost(new Error("the client was closed"));
        link?.close();
    }

    // --- calls ---

    private begin(
        channel: string,
        args: Encoded,
        config: CallConfig,
        wantsChunks: boolean,
        handlers: Pick<OpenCall, "result" | "chunk" | "failed">,
    ): OpenCall {
        const abort = (): void => this.abort(call);
        const unlisten = (): void => config.signal?.removeEventListener("abort", abort);
        const call: OpenCall = { request: 0, channel, args, config, wantsChunks, unlisten, ...handlers };
        config.signal?.addEventListener("abort", abort, { once: true });
        this.submit(call);
        if (this.closed) this.fail(call, "IPC_DISCONNECTED", "the client was closed");
        else if (config.signal?.aborted) this.abort(call);
        return call;
    }

    private submit(call: OpenCall): void {
        call.request = ++this.lastRequest;
        this.calls.set(call.request, call);
        if (this.ready) this.send(call);
    }

    private send(call: OpenCall): void {
        const { timeout = 0, fresh = false, credit = CREDIT } = call.config;
        const flags = fresh ? CALL_FRESH : 0;
        this.link?.send(encodeCall(call.request, call.channel, call.args, { timeoutMs: timeout, credit, flags }));
    }

    private giveBack(call: OpenCall, cost: number): void {
        if (cost > 0 && this.ready && this.calls.has(call.request)) this.link?.send(encodeCredit(call.request, cost));
    }

    private cancel(call: OpenCall): void {
        if (!this.finish(call.request)) return;
        if (this.ready) this.link?.send(encodeCancel(call.request));
    }

    private abort(call: OpenCall): void {
        if (!this.calls.has(call.request)) return;
        this.cancel(call);
        call.failed(new IpcError("the call was cancelled", "IPC_CANCELLED", undefined, metadataOf(call.request)));
    }

    private fail(call: OpenCall, code: IpcCode, message: string): void {
        if (this.finish(call.request))
            call.failed(new IpcError(message, code, undefined, metadataOf(call.request)));
    }

    private finish(request: number): OpenCall | undefined {
        const call = this.calls.get(request);
        this.calls.delete(request);
        call?.unlisten();
        return call;
    }

    // --- the connection ---

    private open(): void {
        const reader = new FrameReader((frame) => this.take(frame));
        let link: Link | null = null;
        const mine = (): boolean => link === null || this.link === link;
        link = this.connect({
            open: () => {
                if (mine()) this.link?.send(encodeHello(FEATURE_CALLS));
            },
            bytes: (bytes) => {
                if (!mine()) return;
                try {
                    reader.feed(bytes);
                } catch (error) {
                    this.lost(error as Error);
                    link?.close();
                }
            },
            closed: (reason) => {
                if (mine()) this.lost(reason);
            },
        });
        this.link = link;
    }

    private greeted(frame: Frame): void {
        const hello = decodeHello(frame.payload);
        if ((hello.features & FEATURE_CALLS) === 0) throw new Error("the other side takes no calls");
        this.ready = true;
        this.backoff.connected();
        for (const call of this.calls.values()) this.send(call);
        this.options.onConnect?.();
    }

    private lost(reason: Error): void {
        const wasReady = this.ready;
        this.link = null;
        this.ready = false;
        for (const call of [...this.calls.values()]) this.orphan(call, wasReady, reason);
        if (wasReady) this.options.onDisconnect?.(reason);
        if (!this.closed) this.timer = setTimeout(() => this.open(), this.backoff.next());
    }

    /** Its connection is gone. What was never sent, or may be made twice, is sent on the next one. */
    private orphan(call: OpenCall, wasSent: boolean, reason: Error): void {
        const again = !wasSent || (call.config.idempotent === true && !call.wantsChunks);
        if (this.closed || !again) {
            this.fail(call, "IPC_DISCONNECTED", reason.message);
            return;
        }
        this.calls.delete(call.request);
        this.submit(call);
    }

    private take(frame: Frame): void {
        const { type, request } = frame;
        if (type === TYPE.HELLO) this.greeted(frame);
        else if (type === TYPE.ERROR) throw new Error(decodeErrorFrame(frame));
        else if (type === TYPE.RESULT) this.takeResult(frame);
        else if (type === TYPE.CHUNK) this.takeChunk(frame);
        else if (type === TYPE.FAILURE) this.takeFailure(request, frame);
    }

    private takeResult(frame: Frame): void {
        const call = this.calls.get(frame.request);
        if (!call) return;
        const { data, isStream, executionTime, cached, batched } = decodeResult(frame);
        if (!isStream) this.finish(frame.request);
        call.result(data, { executionTime, cached, batched, requestId: String(frame.request) }, isStream);
    }

    private takeChunk(frame: Frame): void {
        const call = this.calls.get(frame.request);
        if (!call) return;
        const chunk = decodeChunk(frame);
        if (chunk.isLast) this.finish(frame.request);
        else if (!call.wantsChunks) this.giveBack(call, frame.payload.length);
        call.chunk(chunk, frame.payload.length);
    }

    private takeFailure(request: number, frame: Frame): void {
        const call = this.finish(request);
        const { code, message, details, executionTime, batched } = decodeFailure(frame);
        const metadata = { executionTime, cached: false, batched, requestId: String(request) };
        call?.failed(new IpcError(message, code, details, metadata));
    }
}

function onlyChunk(data: unknown): Chunk {
    return { chunkIndex: 0, data, progress: { current: 1, total: 1, percentage: 100 }, isLast: true };
}

function metadataOf(request: number): Metadata {
    return { executionTime: 0, cached: false, batched: false, requestId: String(request) };
}

// SPDX-License-Identifier: MIT
//
// Named channels with typed handlers in the main process, and everything around a handler: who may
// call, how often, with what, answers out of the cache, requests handled together, long answers in
// pieces, time-outs, figures. A handler that fails is an answer, never the end of the manager.
//
//     window ─▶ invoke ─▶ sender ─ rate ─ validation ─▶ cache ─▶ same in flight? ─▶ batch │ handler
//            ◀── {success, data | error, metadata} ◀──────────────────────────────────────┘

import { EventEmitter } from "node:events";
import { Answers } from "./answers.js";
import { RequestBatcher } from "./batcher.js";
import { MultiLayerCacheManager } from "./cache.js";
import type { Arguments, Channels, Handler, HandlerConfig, Result } from "./channels.js";
import type { IpcEventLike, IpcMainLike, WebContentsLike } from "./electron_types.js";
import { CallError, failure, success, type Envelope, type Marks } from "./envelope.js";
import { Mean, type ManagerMetrics } from "./metrics.js";
import { isOwnPage, Pages } from "./pages.js";
import { StreamingHandler } from "./streaming.js";
import { collected, isIterable, keyOf, toAsync, within } from "./values.js";

interface Registered {
    handler: Handler<unknown[], unknown>;
    config: HandlerConfig;
    calls: Map<number, number[]>; // times of each caller's calls, for its rate
}

export interface ManagerOptions {
    /** Which frames may call. Default: pages of the app itself (file:, app:, this machine). */
    allow?: (event: IpcEventLike) => boolean;
    now?: () => number;
}

/** A call as it waits for others of its batch: each keeps its own caller. */
interface Call {
    event: IpcEventLike;
    args: unknown[];
}

export class IPCManager<C extends Channels = Channels> extends EventEmitter {
    readonly batcher = new RequestBatcher<Call>();
    readonly streaming = new StreamingHandler((window, line) => this.debug(window, line));
    private readonly handlers = new Map<string, Registered>();
    private readonly inFlight = new Map<string, Promise<unknown>>();
    private readonly pages = new Pages((window, before) => this.forget(window, before));
    private readonly time = new Mean();
    private requests = 0;
    private responses = 0;
    private errors = 0;
    private batched = 0;
    private streamed = 0;
    private readonly now: () => number;

    constructor(
        readonly cache: MultiLayerCacheManager = new MultiLayerCacheManager(),
        private readonly options: ManagerOptions = {},
    ) {
        super();
        this.now = options.now ?? Date.now;
        this.on("error", () => undefined); // without a listener an EventEmitter would throw
    }

    registerHandler<K extends keyof C & string>(
        channel: K,
        handler: Handler<Arguments<C, K>, Result<C, K>>,
        config: HandlerConfig<Arguments<C, K>, Result<C, K>> = {},
    ): void {
        if (this.handlers.has(channel)) throw new Error(`there is a handler for ${channel} already`);
        this.handlers.set(channel, {
            handler: handler as Registered["handler"],
            config: config as unknown as HandlerConfig,
            calls: new Map(),
        });
    }

    removeHandler(channel: string): void {
        this.handlers.delete(channel);
    }

    /** Listens to the windows. Returns how to stop. */
    attach(ipcMain: IpcMainLike): () => void {
        const ofStreams = {
            "logmill:stream-listen": (event: IpcEventLike, id: string) => this.streaming.listen(event.sender, id),
            "logmill:stream-taken": (event: IpcEventLike, id: string) => this.streaming.taken(event.sender, id),
            "logmill:stream-cancel": (event: IpcEventLike, id: string) => this.streaming.cancel(event.sender, id),
        };
        ipcMain.handle("logmill:call", (event, ...[channel, args]: [string, unknown[]]) => this.call(event, channel, args));
        ipcMain.handle("logmill:calls", (event, calls: [string, string, unknown[]][]) => this.callAll(event, calls));
        for (const [channel, listener] of Object.entries(ofStreams)) ipcMain.on(channel, listener);
        return () => {
            ipcMain.removeHandler("logmill:call");
            ipcMain.removeHandler("logmill:calls");
            for (const [channel, listener] of Object.entries(ofStreams)) ipcMain.removeListener(channel, listener);
        };
    }

    /** Calls that came in one message. What this returns only says that they have arrived. */
    private callAll(event: IpcEventLike, calls: [string, string, unknown[]][]): void {
        const answers = new Answers(event.sender);
        for (const [id, channel, args] of calls) void this.call(event, channel, args).then((envelope) => answers.add(id, envelope));
    }

    async call(event: IpcEventLike, channel: string, args: unknown[]): Promise<Envelope<unknown>> {
        const requestId = String(++this.requests);
        const started = performance.now();
        const marks = { cached: false, batched: false };
        this.pages.generation(event.sender);
        let envelope: Envelope<unknown>;
        try {
            envelope = success(await this.answer(event, channel, args, marks), requestId, started, marks);
        } catch (error) {
            this.errors += 1;
            envelope = failure(error, requestId, started, marks);
            this.emit("error", error, { channel, requestId });
            this.debug(event.sender, (error as Error | null)?.stack ?? String(error));
        }
        this.responses += 1;
        this.time.add(envelope.metadata.executionTime);
        this.debug(event.sender, told(channel, envelope));
        return envelope;
    }

    invalidate(what: string | { prefix: string } | { tag: string }): Promise<void> {
        return this.cache.invalidate(what);
    }

    getMetrics(): ManagerMetrics {
        return {
            totalRequests: this.requests,
            totalResponses: this.responses,
            totalErrors: this.errors,
            averageResponseTime: this.time.value,
            cacheHitRate: this.cache.hitRate,
            batchedRequests: this.batched,
            streamedRequests: this.streamed,
        };
    }

    // --- one call ---

    private async answer(event: IpcEventLike, channel: string, args: unknown[], marks: Marks): Promise<unknown> {
        const registered = this.admit(event, channel, args);
        const { config } = registered;
        if (config.streamable) return this.stream(event, registered, args);
        const isShared = config.cacheable === true || config.batchable === true;
        const key = isShared ? keyOf(channel, args, config.cacheScope === "caller" ? event.sender.id : undefined) : null;
        if (config.cacheable && key !== null) {
            const found = await this.cache.get(key);
            this.debug(event.sender, `[ipc] ${channel} cache ${found ? "hit" : "miss"}`);
            if (found) {
                marks.cached = true;
                return found.value;
            }
        }
        marks.batched = config.batchable === true;
        const value = await this.sharedRun(key, () => this.run(channel, registered, { event, args }));
        if (config.cacheable && key !== null) await this.cache.set(key, value, config.cacheTTL ?? 300_000, config.cacheTags);
        return value;
    }

    private admit(event: IpcEventLike, channel: string, args: unknown[]): Registered {
        const registered = this.handlers.get(channel);
        if (!registered) throw new CallError("IPC_UNKNOWN_CHANNEL", `there is no handler for ${String(channel)}`);
        if (!(this.options.allow ?? isOwnPage)(event)) throw new CallError("IPC_FORBIDDEN", "this page may not call the main process");
        if (!Array.isArray(args)) throw new CallError("IPC_VALIDATION_ERROR", "the arguments are no list");
        this.limit(event.sender.id, registered);
        const verdict = registered.config.validation?.(args) ?? true;
        if (verdict !== true)
            throw new CallError("IPC_VALIDATION_ERROR", verdict === false ? `the arguments of ${channel} are not valid` : verdict);
        return registered;
    }

    private limit(caller: number, { config, calls }: Registered): void {
        const { rateLimit } = config;
        if (!rateLimit) return;
        const now = this.now();
        const recent = (calls.get(caller) ?? []).filter((at) => at > now - rateLimit.window);
        calls.set(caller, recent);
        if (recent.length >= rateLimit.requests) {
            const retry_after_ms = (recent[0] as number) + rateLimit.window - now;
            throw new CallError("IPC_RATE_LIMITED", `more than ${rateLimit.requests} calls in ${rateLimit.window} ms`, { retry_after_ms });
        }
        recent.push(now);
    }

    /** Identical requests that are under way are answered once. */
    private sharedRun(key: string | null, run: () => Promise<unknown>): Promise<unknown> {
        if (key === null) return run();
        const running = this.inFlight.get(key);
        if (running) return running;
        const started = run().finally(() => this.inFlight.delete(key));
        this.inFlight.set(key, started);
        return started;
    }

    private run(channel: string, { handler, config }: Registered, call: Call): Promise<unknown> {
        const { batchSize = 10, batchDelay = 50, batchHandler, timeout = 30_000 } = config;
        const one = ({ event, args }: Call): Promise<unknown> => within(timeout, async () => collected(handler(event, ...args)));
        if (!config.batchable) return one(call);
        this.batched += 1;
        const group = config.cacheScope === "caller" ? `${channel}@${call.event.sender.id}` : channel;
        return this.batcher.add(group, call, batchSize, batchDelay, async (calls) => {
            this.debug(call.event.sender, `[ipc] ${channel} batch of ${calls.length}`);
            if (!batchHandler) return Promise.all(calls.map((each) => one(each).catch(asError)));
            return within(timeout, async () => batchHandler(call.event, calls.map(({ args }) => args)));
        });
    }

    private async stream(event: IpcEventLike, { handler, config }: Registered, args: unknown[]): Promise<unknown> {
        const { streamChunkSize = 1000, streamTimeout = 30_000, streamLive = false, timeout = 30_000 } = config;
        const result = await within(timeout, async () => handler(event, ...args));
        if (!isIterable(result)) return result;
        const answer = await this.streaming.begin(event.sender, toAsync(result), {
            generation: this.pages.generation(event.sender),
            chunkSize: streamChunkSize,
            total: Array.isArray(result) ? result.length : 0,
            timeout: streamTimeout,
            live: streamLive,
        });
        if (typeof answer === "string") this.streamed += 1;
        return answer;
    }

    /** A page that is left takes its streams with it, a window that closes everything. */
    private forget(window: WebContentsLike, before: number): void {
        this.streaming.forget(window, before);
        if (window.isDestroyed()) for (const { calls } of this.handlers.values()) calls.delete(window.id);
    }

    /** With DEBUG_IPC=true: here, and in the DevTools console of the window. */
    private debug(window: WebContentsLike, line: string): void {
        if (process.env.DEBUG_IPC !== "true") return;
        console.debug(line);
        if (!window.isDestroyed()) window.send("logmill:debug", line);
    }
}

function told(channel: string, envelope: Envelope<unknown>): string {
    const { executionTime, cached, batched } = envelope.metadata;
    const note = envelope.success ? "" : ` ${envelope.error.code}: ${envelope.error.message}`;
    return `[ipc] ${channel} ${executionTime.toFixed(1)} ms${cached ? " cached" : ""}${batched ? " batched" : ""}${note}`;
}

function asError(error: unknown): Error {
    return error instanceof Error ? error : new Error(String(error));
}

// SPDX-License-Identifier: MIT
//
// Named channels with typed handlers in the main process, and everything around a handler: who may
// call, how often, with what, answers out of the cache, requests handled together, long answers in
// pieces, time-outs, figures. A handler that fails is an answer, never the end of the manager.
//
//     window ─▶ invoke ─▶ sender ─ rate ─ validation ─▶ cache ─▶ same in flight? ─▶ batch │ handler
//            ◀── {success, data | error, metadata} ◀──────────────────────────────────────┘

import { EventEmitter } from "node:events";
import { RequestBatcher } from "./batcher.js";
import { MultiLayerCacheManager } from "./cache.js";
import type { IpcEventLike, IpcMainLike, WebContentsLike } from "./electron_types.js";
import { CallError, failure, success, type Envelope } from "./envelope.js";
import { Mean, type ManagerMetrics } from "./metrics.js";
import { StreamingHandler } from "./streaming.js";

export interface HandlerConfig<A extends unknown[] = unknown[], R = unknown> {
    batchable?: boolean;
    batchSize?: number;
    batchDelay?: number;
    /** All arguments of a batch at once; an Error in the answer fails that request alone. */
    batchHandler?: (event: IpcEventLike, requests: A[]) => Promise<readonly (R | Error)[]> | readonly (R | Error)[];
    streamable?: boolean;
    streamChunkSize?: number;
    /** How long a stream may make no progress, in ms. Default 30,000. */
    streamTimeout?: number;
    cacheable?: boolean;
    cacheTTL?: number;
    cacheTags?: string[];
    /** `caller`: each window has answers of its own. */
    cacheScope?: "shared" | "caller";
    /** True, or the reason why not. */
    validation?: (args: A) => boolean | string;
    rateLimit?: { requests: number; window: number };
    /** Milliseconds. Default 30,000. */
    timeout?: number;
}

export type Handler<A extends unknown[] = never[], R = unknown> = (event: IpcEventLike, ...args: A) => R | Promise<R> | AsyncIterable<unknown>;

/** Channels with their arguments and results: `{ "user:get": (id: string) => User }`. */
export type Channels = Record<string, (...args: never[]) => unknown>;

interface Registered {
    handler: Handler;
    config: HandlerConfig;
    calls: Map<number, number[]>; // times of each caller's calls, for its rate
}

export interface ManagerOptions {
    /** Which frames may call. Default: pages of the app itself (file:, app:, or no frame at all). */
    allow?: (event: IpcEventLike) => boolean;
    now?: () => number;
}

const CALL = "logmill:call";

export class IPCManager<C extends Channels = Channels> extends EventEmitter {
    readonly batcher = new RequestBatcher<unknown[]>();
    readonly streaming = new StreamingHandler();
    private readonly handlers = new Map<string, Registered>();
    private readonly inFlight = new Map<string, Promise<unknown>>();
    private readonly known = new WeakSet<WebContentsLike>();
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
        handler: Handler<Parameters<C[K]>, Awaited<ReturnType<C[K]>>>,
        config: HandlerConfig<Parameters<C[K]>, Awaited<ReturnType<C[K]>>> = {},
    ): void {
        if (this.handlers.has(channel)) throw new Error(`there is a handler for ${channel} already`);
        this.handlers.set(channel, {
            handler: handler as unknown as Handler,
            config: config as unknown as HandlerConfig,
            calls: new Map(),
        });
    }

    removeHandler(channel: string): void {
        this.handlers.delete(channel);
    }

    /** Listens to the windows. Returns how to stop. */
    attach(ipcMain: IpcMainLike): () => void {
        ipcMain.handle(CALL, (event, ...[channel, args]: [string, unknown[]]) => this.call(event, channel, args));
        ipcMain.on("logmill:stream-listen", (event, id: string) => this.streaming.listen(event.sender, id));
        ipcMain.on("logmill:stream-taken", (event, id: string) => this.streaming.taken(event.sender, id));
        ipcMain.on("logmill:stream-cancel", (event, id: string) => this.streaming.cancel(event.sender, id));
        return () => ipcMain.removeHandler(CALL);
    }

    async call(event: IpcEventLike, channel: string, args: unknown[]): Promise<Envelope<unknown>> {
        const requestId = String(++this.requests);
        const started = performance.now();
        const marks = { cached: false, batched: false };
        this.watchWindow(event.sender);
        let envelope: Envelope<unknown>;
        try {
            envelope = success(await this.answer(event, channel, args, marks), requestId, started, marks);
        } catch (error) {
            this.errors += 1;
            envelope = failure(error, requestId, started, marks);
            this.emit("error", error, { channel, requestId });
        }
        this.responses += 1;
        this.time.add(envelope.metadata.executionTime);
        this.debug(event, channel, envelope);
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

    private async answer(event: IpcEventLike, channel: string, args: unknown[], marks: { cached: boolean; batched: boolean }): Promise<unknown> {
        const registered = this.admit(event, channel, args);
        const { config } = registered;
        if (config.streamable) return this.stream(event, registered, args);
        const key = keyOf(channel, args, config.cacheScope === "caller" ? event.sender.id : undefined);
        if (config.cacheable) {
            const found = await this.cache.get(key);
            if (found) {
                marks.cached = true;
                return found.value;
            }
        }
        marks.batched = config.batchable === true;
        const value = await this.sharedRun(key, config, () => this.run(event, channel, registered, args));
        if (config.cacheable) await this.cache.set(key, value, config.cacheTTL ?? 300_000, config.cacheTags);
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
    private sharedRun(key: string, config: HandlerConfig, run: () => Promise<unknown>): Promise<unknown> {
        if (!config.cacheable && !config.batchable) return run();
        const running = this.inFlight.get(key);
        if (running) return running;
        const started = run().finally(() => this.inFlight.delete(key));
        this.inFlight.set(key, started);
        return started;
    }

    private run(event: IpcEventLike, channel: string, { handler, config }: Registered, args: unknown[]): Promise<unknown> {
        const call = (one: unknown[]): Promise<unknown> => within(config.timeout ?? 30_000, async () => collected(handler(event, ...(one as never[]))));
        if (!config.batchable) return call(args);
        this.batched += 1;
        const { batchSize = 10, batchDelay = 50, batchHandler } = config;
        return this.batcher.add(channel, args, batchSize, batchDelay, async (requests) =>
            batchHandler
                ? within(config.timeout ?? 30_000, async () => batchHandler(event, requests))
                : Promise.all(requests.map((one) => call(one).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))))),
        );
    }

    private async stream(event: IpcEventLike, { handler, config }: Registered, args: unknown[]): Promise<unknown> {
        const result = await handler(event, ...(args as never[]));
        const source = isIterable(result) ? result : null;
        if (!source) return result;
        const { streamChunkSize = 1000, streamTimeout = 30_000 } = config;
        const total = Array.isArray(result) ? result.length : 0;
        const answer = await this.streaming.begin(event.sender, toAsync(source), streamChunkSize, total, streamTimeout);
        if (typeof answer === "string") this.streamed += 1;
        return answer;
    }

    /** A window that closes, crashes or loads another page takes its streams with it. */
    private watchWindow(window: WebContentsLike): void {
        if (this.known.has(window)) return;
        this.known.add(window);
        const gone = (): void => {
            this.known.delete(window);
            this.streaming.forget(window);
            for (const { calls } of this.handlers.values()) calls.delete(window.id);
        };
        window.once("destroyed", gone);
        window.once("render-process-gone", gone);
        window.once("did-start-navigation", gone);
    }

    private debug(event: IpcEventLike, channel: string, envelope: Envelope<unknown>): void {
        if (process.env.DEBUG_IPC !== "true") return;
        const { executionTime, cached, batched } = envelope.metadata;
        const note = envelope.success ? "" : ` ${envelope.error.code}: ${envelope.error.message}`;
        const line = `[ipc] ${channel} ${executionTime.toFixed(1)} ms${cached ? " cached" : ""}${batched ? " batched" : ""}${note}`;
        console.debug(line);
        if (!event.sender.isDestroyed()) event.sender.send("logmill:debug", line);
    }
}

function isOwnPage(event: IpcEventLike): boolean {
    const url = event.senderFrame?.url;
    return url === undefined || /^(file|app|devtools):|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//.test(url);
}

/** Channel and arguments, with the members of objects in one order. */
function keyOf(channel: string, args: unknown[], caller?: number): string {
    const sorted = (_: string, value: unknown): unknown =>
        typeof value === "object" && value !== null && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
            : typeof value === "bigint"
              ? `${value}n`
              : value;
    return `${channel}${caller === undefined ? "" : `@${caller}`}:${JSON.stringify(args, sorted)}`;
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
    return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

async function* toAsync(source: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<unknown> {
    yield* source;
}

/** A generator's items as one list, for handlers that are not streamable. */
async function collected(result: unknown): Promise<unknown> {
    const value = await result;
    if (typeof value !== "object" || value === null || !(Symbol.asyncIterator in value)) return value;
    const items: unknown[] = [];
    for await (const item of value as AsyncIterable<unknown>) items.push(item);
    return items;
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new CallError("IPC_TIMEOUT", `no answer within ${ms} ms`)), ms);
    });
    try {
        return await Promise.race([work(), late]);
    } finally {
        clearTimeout(timer);
    }
}

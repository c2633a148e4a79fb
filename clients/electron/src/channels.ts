// SPDX-License-Identifier: MIT
//
// What a handler is, and what can be said about it when it is registered.

import type { IpcEventLike } from "./electron_types.js";

export interface HandlerConfig<A extends unknown[] = unknown[], R = unknown> {
    /** Calls that come close together are handled as one. */
    batchable?: boolean;
    /** Default 10. */
    batchSize?: number;
    /** Milliseconds. Default 50. */
    batchDelay?: number;
    /** All arguments of a batch at once; an Error in the answer fails that call alone. `event` is the first call's. */
    batchHandler?: (event: IpcEventLike, requests: A[]) => Promise<readonly (R | Error)[]> | readonly (R | Error)[];
    streamable?: boolean;
    /** Default 1,000. */
    streamChunkSize?: number;
    /** Every item is sent at once, as a chunk of its own; for what goes on without an end. */
    streamLive?: boolean;
    /** How long a stream may make no progress, in ms. Default 30,000. */
    streamTimeout?: number;
    cacheable?: boolean;
    /** Milliseconds. Default 300,000. */
    cacheTTL?: number;
    cacheTags?: string[];
    /** `caller`: each window has answers of its own. Default `shared`. */
    cacheScope?: "shared" | "caller";
    /** True, or the reason why not. */
    validation?: (args: A) => boolean | string;
    /** At most so many calls of a window in `window` milliseconds. */
    rateLimit?: { requests: number; window: number };
    /** Milliseconds. Default 30,000. */
    timeout?: number;
}

export type Handler<A extends unknown[], R> = (event: IpcEventLike, ...args: A) => R | Promise<R> | AsyncIterable<unknown>;

/** Channels with their arguments and results: `{ "user:get": (id: string) => User }`. */
// Without a map of one's own everything goes, as in plain JavaScript.
export type Channels = Record<string, (...args: any[]) => any>;

export type Arguments<C extends Channels, K extends keyof C> = Parameters<C[K]>;
export type Result<C extends Channels, K extends keyof C> = Awaited<ReturnType<C[K]>>;

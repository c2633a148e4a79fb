// SPDX-License-Identifier: MIT
//
// The connection to the hub. It reads one stream of events after another and never gives up: after
// a loss it waits a little longer each time, and goes on after the last cursor it saw, so that the
// hub can send exactly what was missed. A stream that is silent for longer than three heartbeats is
// dead, whatever the operating system believes.

import { filterToParams, type Filter } from "./filter";
import { SseParser, type SseEvent } from "./sse";

export const TAIL = 500;
export const SILENCE_MS = 15_000;
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 15_000;
const SLICE_MS = 8; // longest work before the browser may draw again

export type Connection =
    | { name: "connecting" }
    | { name: "live" }
    | { name: "waiting"; until: number; reason: string };

export interface StreamHandlers {
    /** Called for every event, in order; `cursor` is where to resume after it. */
    event(event: SseEvent, cursor: string | null): void;
    connection(state: Connection): void;
}

/** What the outside gives; replaced in tests. */
export interface World {
    fetch(url: string, init: RequestInit): Promise<Response>;
    now(): number; // milliseconds, monotonic
    random(): number;
}

const browser: World = {
    fetch: (url, init) => fetch(url, init),
    now: () => performance.now(),
    random: () => Math.random(),
};

/** The hub said no; asking again soon would not help. */
class Refused extends Error {}

export function waitBefore(attempt: number, base: number, random: number): number {
    const full = Math.min(LONGEST_WAIT_MS, base * 2 ** Math.min(attempt, 16));
    return full * (0.5 + random / 2);
}

export class LogStream {
    private stop: AbortController | null = null;
    private cursor: string | null = null;
    private base = FIRST_WAIT_MS;
    private failures = 0;
    private live = false;
    private wake: () => void = () => undefined;

    constructor(
        private readonly handlers: StreamHandlers,
        private readonly world: World = browser,
    ) {}

    /** Ends what was and starts anew: after `cursor`, or without one with the newest lines. */
    open(filter: Filter, cursor: string | null = null): void {
        this.close();
        this.stop = new AbortController();
        this.cursor = cursor;
        this.failures = 0;
        void this.run(filter, this.stop.signal);
    }

    close(): void {
        this.stop?.abort();
        this.wake();
    }

    /** Do not wait any longer before the next attempt. */
    retryNow(): void {
        this.failures = 0;
        this.wake();
    }

    private async run(filter: Filter, signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            this.handlers.connection({ name: "connecting" });
            this.live = false;
            let reason = "the hub ended the stream";
            let refused = false;
            try {
                await this.readOnce(filter, signal);
            } catch (error) {
                refused = error instanceof Refused;
                reason = reasonOf(error, this.live);
            }
            if (signal.aborted) return;
            if (refused) this.failures = 16;
            const wait = waitBefore(this.failures, this.base, this.world.random());
            this.failures += 1;
            const until = this.world.now() + wait;
            this.handlers.connection({ name: "waiting", until, reason });
            await this.sleep(wait);
        }
    }

    private sleep(ms: number): Promise<void> {
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, ms);
            this.wake = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }

    private url(filter: Filter): string {
        const params = filterToParams(filter);
        if (this.cursor === null) params.set("tail", String(TAIL));
        else params.set("after", this.cursor);
        return `api/v1/logs/stream/sse?${params.toString()}`;
    }

    private async readOnce(filter: Filter, outer: AbortSignal): Promise<void> {
        const attempt = new AbortController();
        const abort = (): void => attempt.abort();
        outer.addEventListener("abort", abort);
        let heard = this.world.now();
        const watchdog = setInterval(() => {
            if (this.world.now() - heard > SILENCE_MS) attempt.abort(new Error("no heartbeat"));
        }, 1000);
        try {
            const response = await this.world.fetch(this.url(filter), {
                headers: { Accept: "text/event-stream" },
                cache: "no-store",
                signal: attempt.signal,
            });
            await refuseErrors(response);
            this.live = true;
            this.handlers.connection({ name: "live" });
            await this.readBody(response.body as ReadableStream<Uint8Array>, outer, () => {
                heard = this.world.now();
            });
        } finally {
            clearInterval(watchdog);
            outer.removeEventListener("abort", abort);
            attempt.abort();
        }
    }

    private async readBody(
        body: ReadableStream<Uint8Array>,
        signal: AbortSignal,
        heard: () => void,
    ): Promise<void> {
        const parser = new SseParser({
            event: (event) => this.take(event, signal),
            retry: (ms) => (this.base = Math.min(Math.max(ms, 100), LONGEST_WAIT_MS)),
        });
        const decoder = new TextDecoder();
        const reader = body.getReader();
        let sliceEnd = this.world.now() + SLICE_MS;
        for (;;) {
            const { done, value } = await reader.read();
            if (done || signal.aborted) return;
            heard();
            parser.feed(decoder.decode(value, { stream: true }));
            if (this.world.now() < sliceEnd) continue;
            await new Promise((resolve) => setTimeout(resolve, 0));
            sliceEnd = this.world.now() + SLICE_MS;
        }
    }

    private take(event: SseEvent, signal: AbortSignal): void {
        if (signal.aborted) return; // the rest of a piece that was under way
        this.failures = 0;
        if (event.id !== null) this.cursor = event.id;
        this.handlers.event(event, this.cursor);
    }
}

async function refuseErrors(response: Response): Promise<void> {
    if (response.ok && response.body) return;
    const body = (await response.json().catch(() => null)) as {
        error?: { message?: unknown };
    } | null;
    const said = body?.error?.message;
    const text = `HTTP ${response.status}${typeof said === "string" ? `: ${said}` : ""}`;
    const forGood = response.status >= 400 && response.status < 500 && response.status !== 429;
    throw forGood ? new Refused(text) : new Error(text);
}

function reasonOf(error: unknown, wasLive: boolean): string {
    if (error instanceof TypeError)
        return wasLive ? "the connection was lost" : "the hub cannot be reached";
    return error instanceof Error ? error.message : String(error);
}

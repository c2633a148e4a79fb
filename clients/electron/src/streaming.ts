// SPDX-License-Identifier: MIT
//
// Long answers in pieces. A result of at most one chunk is answered at once as plain data; else the
// answer is the stream's id, and chunks follow, held until the window listens. At most AHEAD chunks are
// on their way before the window has taken one, so a slow window slows its source and nobody else.

import { CallError } from "./envelope.js";
import type { WebContentsLike } from "./electron_types.js";
import { Mean, type StreamMetrics } from "./metrics.js";
import { sizeOf, withProgress } from "./values.js";

export interface StreamChunk {
    chunkIndex: number;
    data: unknown[];
    progress: { current: number; total: number; percentage: number };
    isLast: boolean;
}

const AHEAD = 4;

export interface StreamPlan {
    /** Of the page that asked (pages.ts). */
    generation: number;
    /** Items in a chunk. */
    chunkSize: number;
    /** Items altogether; 0: not known. */
    total: number;
    /** Milliseconds without progress. */
    timeout: number;
    /** Each item is a chunk of its own and does not wait for the next one. */
    live: boolean;
}

interface Open extends StreamPlan {
    id: string;
    window: WebContentsLike;
    source: AsyncIterator<unknown>;
    first: unknown[];
    current: number;
    index: number;
    unanswered: number;
    listening: boolean;
    pumping: boolean;
    started: number;
    timer: ReturnType<typeof setTimeout> | undefined;
}

export class StreamingHandler {
    private readonly open = new Map<string, Open>();
    private totalStreams = 0;
    private totalChunks = 0;
    private totalBytes = 0;
    private failedStreams = 0;
    private readonly chunkSize = new Mean();
    private readonly time = new Mean();
    private last = 0;

    constructor(private readonly debug: (window: WebContentsLike, line: string) => void = () => undefined) {}

    /** The whole result when it fits one chunk, else the id of a stream to this window. */
    async begin(window: WebContentsLike, source: AsyncIterable<unknown>, plan: StreamPlan): Promise<unknown> {
        const iterator = source[Symbol.asyncIterator]();
        if (plan.live) return this.start(window, iterator, [], plan);
        const first = await withProgress(plan.timeout, (progress) => take(iterator, plan.chunkSize + 1, progress)).catch((error: unknown) => {
            close(iterator);
            throw error;
        });
        return first.length <= plan.chunkSize ? first : this.start(window, iterator, first, plan);
    }

    private start(window: WebContentsLike, source: AsyncIterator<unknown>, first: unknown[], plan: StreamPlan): string {
        const id = `stream-${++this.last}`;
        const stream: Open = {
            ...plan, id, window, source, first,
            current: 0, index: 0, unanswered: 0, listening: false, pumping: false, started: performance.now(), timer: undefined,
        };
        this.open.set(id, stream);
        this.totalStreams += 1;
        this.watch(stream);
        return id;
    }

    /** The window listens now: what was held comes. */
    listen(window: WebContentsLike, id: string): void {
        const stream = this.mine(window, id);
        if (!stream) return;
        stream.listening = true;
        void this.pump(stream);
    }

    /** The window has taken a chunk. */
    taken(window: WebContentsLike, id: string): void {
        const stream = this.mine(window, id);
        if (!stream) return;
        stream.unanswered = Math.max(0, stream.unanswered - 1);
        this.watch(stream);
        void this.pump(stream);
    }

    cancel(window: WebContentsLike, id: string): void {
        const stream = this.mine(window, id);
        if (stream) this.end(stream);
    }

    /** Ends the streams of the pages of this window whose generation is below `before`. */
    forget(window: WebContentsLike, before: number): void {
        for (const stream of [...this.open.values()]) if (stream.window === window && stream.generation < before) this.end(stream);
    }

    get count(): number {
        return this.open.size;
    }

    getMetrics(): StreamMetrics {
        const { totalStreams, totalChunks, totalBytes, failedStreams } = this;
        return { totalStreams, totalChunks, totalBytes, averageChunkSize: this.chunkSize.value, averageStreamTime: this.time.value, failedStreams };
    }

    private mine(window: WebContentsLike, id: string): Open | undefined {
        const stream = this.open.get(id);
        return stream?.window === window ? stream : undefined;
    }

    private async pump(stream: Open): Promise<void> {
        if (stream.pumping) return;
        stream.pumping = true;
        try {
            while (stream.listening && stream.unanswered < AHEAD && this.open.has(stream.id)) await this.step(stream);
        } catch (error) {
            this.fail(stream, error);
        } finally {
            stream.pumping = false;
        }
    }

    /** The next chunk's items. One more than it holds is read, to know whether it is the last; the last of a
     * live stream is empty. */
    private async next({ source, first, chunkSize, live }: Open): Promise<{ items: unknown[]; isLast: boolean }> {
        const wanted = live ? 1 : chunkSize + 1;
        const items = first.splice(0);
        items.push(...(await take(source, wanted - items.length)));
        const isLast = items.length < wanted;
        if (!isLast && !live) first.push(items.pop());
        return { items, isLast };
    }

    private async step(stream: Open): Promise<void> {
        const { items, isLast } = await this.next(stream);
        if (!this.open.has(stream.id)) return;
        stream.current += items.length;
        const { current } = stream;
        const total = Math.max(stream.total, isLast ? current : 0);
        const percentage = total === 0 ? 0 : (100 * current) / total;
        const chunk: StreamChunk = { chunkIndex: stream.index++, data: items, progress: { current, total, percentage }, isLast };
        stream.unanswered += 1;
        this.tally(chunk);
        this.debug(stream.window, `[ipc] ${stream.id} chunk ${chunk.chunkIndex}, ${items.length} items${isLast ? ", last" : ""}`);
        this.send(stream, "logmill:chunk", chunk);
        if (isLast) this.end(stream);
    }

    private tally(chunk: StreamChunk): void {
        const bytes = sizeOf(chunk.data) ?? 0;
        this.totalChunks += 1;
        this.totalBytes += bytes;
        this.chunkSize.add(bytes);
    }

    private watch(stream: Open): void {
        clearTimeout(stream.timer);
        stream.timer = setTimeout(() => {
            this.fail(stream, new CallError("IPC_TIMEOUT", `the stream made no progress for ${stream.timeout} ms`));
        }, stream.timeout);
        (stream.timer as { unref?: () => void }).unref?.();
    }

    private fail(stream: Open, error: unknown): void {
        if (!this.open.has(stream.id)) return;
        this.failedStreams += 1;
        const code = error instanceof CallError ? error.code : "IPC_HANDLER_ERROR";
        const message = error instanceof Error ? error.message : String(error);
        this.send(stream, "logmill:stream-error", { code, message });
        this.end(stream);
    }

    private send(stream: Open, channel: string, payload: unknown): void {
        if (!stream.window.isDestroyed()) stream.window.send(channel, stream.id, payload);
    }

    private end(stream: Open): void {
        if (!this.open.delete(stream.id)) return;
        clearTimeout(stream.timer);
        this.time.add(performance.now() - stream.started);
        close(stream.source);
    }
}

async function take(source: AsyncIterator<unknown>, n: number, progress?: () => void): Promise<unknown[]> {
    const items: unknown[] = [];
    while (items.length < n) {
        const { done, value } = await source.next();
        if (done) break;
        items.push(value);
        progress?.();
    }
    return items;
}

function close(source: AsyncIterator<unknown>): void {
    void Promise.resolve(source.return?.()).catch(() => undefined);
}

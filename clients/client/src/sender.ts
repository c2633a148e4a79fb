// SPDX-License-Identifier: MIT
//
// Records on their way to the hub. The caller never waits: a record goes into a bounded queue, and
// when that is full the oldest makes room and is counted. Batches leave one after another, each with
// a key of its own, and are sent again until the hub has acknowledged them, so each record is stored
// once and in order, whatever happens to the hub. What had to be given up is said in the stream.
//
//     write() ─▶ [ queue, at most maxQueue ] ─▶ batch {key, NDJSON} ─▶ POST … 200 ─▶ next batch

import { Backoff } from "./backoff.js";

/** A record as a program writes it. Members the hub does not know become fields. */
export interface LogInput {
    message: string;
    level?: string;
    timestamp?: string | number;
    source?: string;
    jobRunId?: string;
    taskRunId?: string;
    campaignId?: string;
    userEmail?: string;
    sessionId?: string;
    [member: string]: unknown;
}

/** One POST of records. Rejects when the hub could not be reached. */
export type Post = (
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
) => Promise<{ status: number; text: string; retryAfter: number }>;

export interface SenderOptions {
    post: Post;
    /** Of records that name none. */
    source?: string;
    /** Records that may wait. Default 10,000. */
    maxQueue?: number;
    /** Records in a batch. Default 1,000. */
    maxBatch?: number;
    /** How long a record may wait for others, in ms. Default 20. */
    batchDelay?: number;
    maxReconnectDelay?: number;
    /** A record the hub refuses, or that cannot be written as JSON. Never called for a hub that is away. */
    onError?: (error: Error) => void;
}

interface Batch {
    key: string;
    body: string;
    count: number;
}

const MAX_BATCH_CHARS = 1024 * 1024;
const TIMEOUT_MS = 30_000;

export class LogSender {
    /** Records that were given up because the queue was full. */
    dropped = 0;
    /** Records the hub has acknowledged. */
    sent = 0;
    private queue: string[] = [];
    private batch: Batch | null = null;
    private unsaid = 0;
    private batches = 0;
    private readonly run = newKey();
    private readonly backoff: Backoff;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private busy: AbortController | null = null;
    private closed = false;
    private idle: (() => void)[] = [];

    constructor(private readonly options: SenderOptions) {
        this.backoff = new Backoff(options.maxReconnectDelay ?? 5_000);
    }

    /** Records that wait, those under way included. */
    get waiting(): number {
        return this.queue.length + (this.batch?.count ?? 0);
    }

    /** Never waits and never throws. False when the record was refused: closed, or no JSON. */
    write(record: LogInput): boolean {
        if (this.closed) return false;
        const line = this.lineOf(record);
        if (line === null) return false;
        const { maxQueue = 10_000 } = this.options;
        if (this.queue.length >= maxQueue) {
            this.queue.shift();
            this.dropped += 1;
            this.unsaid += 1;
        }
        this.queue.push(line);
        this.soon(this.options.batchDelay ?? 20);
        return true;
    }

    /** Resolves with true once everything written so far is acknowledged, with false at the deadline. */
    async flush(deadlineMs = 5_000): Promise<boolean> {
        if (this.waiting === 0) return true;
        this.now();
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), deadlineMs)));
        const done = new Promise<boolean>((resolve) => this.idle.push(() => resolve(true)));
        const answer = await Promise.race([done, late]);
        clearTimeout(timer);
        return answer;
    }

    /** Flushes, then takes no more. */
    async close(deadlineMs = 5_000): Promise<boolean> {
        const all = await this.flush(deadlineMs);
        this.closed = true;
        clearTimeout(this.timer);
        this.busy?.abort();
        return all;
    }

    private lineOf(record: LogInput): string | null {
        const { source } = this.options;
        try {
            return JSON.stringify({ timestamp: new Date().toISOString(), ...(source && { source }), ...record }, plain);
        } catch (error) {
            this.options.onError?.(error as Error);
            return null;
        }
    }

    private soon(ms: number): void {
        if (this.timer !== undefined || this.busy || this.closed) return;
        this.timer = setTimeout(() => {
            this.timer = undefined;
            void this.send();
        }, ms);
        (this.timer as { unref?: () => void }).unref?.(); // waiting records keep no process alive: flush() does
    }

    private now(): void {
        clearTimeout(this.timer);
        this.timer = undefined;
        void this.send();
    }

    private async send(): Promise<void> {
        if (this.busy || this.closed) return;
        this.batch ??= this.nextBatch();
        if (!this.batch) {
            for (const resolve of this.idle.splice(0)) resolve();
            return;
        }
        this.busy = new AbortController();
        const wait = await this.attempt(this.batch, this.busy);
        this.busy = null;
        if (wait === 0) await this.send();
        else this.soon(wait);
    }

    /** 0: the batch is done with. Else how long to wait before it is sent again. */
    private async attempt(batch: Batch, stop: AbortController): Promise<number> {
        const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
        const headers = { "Content-Type": "application/x-ndjson", "X-Logmill-Batch": batch.key };
        try {
            const { status, text, retryAfter } = await this.options.post(batch.body, headers, stop.signal);
            if (status === 429 || status === 408 || status >= 500) return Math.max(retryAfter * 1000, this.backoff.next());
            this.backoff.reset();
            this.settle(batch, status, text);
            return 0;
        } catch {
            return Math.max(1, this.backoff.next());
        } finally {
            clearTimeout(timer);
        }
    }

    private settle(batch: Batch, status: number, text: string): void {
        this.batch = null;
        if (status === 200) this.sent += batch.count;
        const refused = refusals(status, text);
        if (refused !== "") this.options.onError?.(new Error(refused));
    }

    private nextBatch(): Batch | null {
        const { maxBatch = 1_000 } = this.options;
        let count = 0;
        for (let chars = 0; count < Math.min(maxBatch, this.queue.length) && chars < MAX_BATCH_CHARS; count += 1)
            chars += (this.queue[count] as string).length;
        if (count === 0) return null;
        const lines = this.queue.splice(0, count);
        if (this.unsaid > 0) {
            const line = this.lineOf({ level: "warn", stream: "system", message: `${this.unsaid} records dropped: the hub was away or slow`, dropped: this.unsaid });
            this.unsaid = 0;
            if (line) lines.unshift(line);
        }
        this.batches += 1;
        return { key: `${this.run}-${this.batches}`, body: lines.join("\n"), count };
    }
}

/** What the hub did not take of a batch, in a sentence; "" when it took all. */
function refusals(status: number, text: string): string {
    try {
        const answer = JSON.parse(text) as { rejected_total?: number; rejected?: { reason: string }[]; error?: { message: string } };
        if (status !== 200) return `the hub refused records: ${answer.error?.message ?? status}`;
        return answer.rejected_total ? `the hub refused ${answer.rejected_total} records: ${answer.rejected?.[0]?.reason}` : "";
    } catch {
        return status === 200 ? "" : `the hub refused records with status ${status}`;
    }
}

function plain(_: string, value: unknown): unknown {
    if (typeof value === "bigint") return String(value);
    if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
    return value;
}

function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** POST by fetch: from a page, or to another machine. */
export function fetchPost(url: string, headers: () => Promise<Record<string, string>>, ask: typeof fetch = fetch): Post {
    return async (body, more, signal) => {
        const response = await ask(url, { method: "POST", body, headers: { ...(await headers()), ...more }, signal });
        return {
            status: response.status,
            text: await response.text(),
            retryAfter: Number(response.headers.get("retry-after") ?? 0) || 0,
        };
    };
}

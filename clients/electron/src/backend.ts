// SPDX-License-Identifier: MIT
//
// Where the records of an app are kept: a hub of logmill on this machine (hub_backend.ts), or, where
// none can run, this process itself. Both answer the same questions; the second keeps nothing across
// a restart, and says so.

import { compileFilter } from "@logmill/client";
import { readMemory } from "./memory_reader.js";
import type { AppRecord } from "./records.js";

/** Whose records: an absent or empty member means any. */
export interface Scope {
    campaignId?: string | undefined;
    userEmail?: string | undefined;
}

export interface SearchQuery extends Scope {
    /** The filter language. */
    q?: string;
    /** A text that the message contains. */
    search?: string;
    sessionId?: string;
    /** This level and above. */
    level?: string;
    /** Times, or how long ago: `15m`; of records in memory times only. */
    from?: string;
    to?: string;
}

/** A shape of messages: what differs is `*`. */
export interface PopularAnswer {
    pattern: string;
    count: number;
}

export interface Backend {
    /** True: records survive this program, even when it is killed. */
    readonly isDurable: boolean;
    write(record: AppRecord): void;
    /** The newest `limit`, oldest first. */
    get(scope: Scope, limit: number): Promise<AppRecord[]>;
    count(scope: Scope): Promise<number>;
    /** How many were cleared. */
    clear(scope: Scope): Promise<number>;
    /** The newest first. */
    search(query: SearchQuery, limit: number): Promise<AppRecord[]>;
    popular(query: SearchQuery, limit: number): Promise<PopularAnswer[]>;
    entry(id: number): Promise<AppRecord | null>;
    /** The hub's answer to a request that reads logs (docs/http-api.md): what a LogViewer in a window asks. */
    read(path: string): Promise<ReadAnswer>;
    close(): Promise<void>;
}

export interface ReadAnswer {
    status: number;
    headers: Record<string, string>;
    body: AsyncIterable<string>;
}

interface Kept {
    record: AppRecord;
    arrived: number;
}

/** Records in memory: the newest `max`, for `ttl` milliseconds after their arrival. */
export class MemoryBackend implements Backend {
    readonly isDurable = false;
    private records: Kept[] = [];
    private last = 0;
    private readonly waiting: (() => void)[] = [];

    constructor(
        private readonly max = 10_000,
        private readonly ttl = 7 * 86_400_000,
        private readonly now: () => number = Date.now,
    ) {}

    write(record: AppRecord): void {
        this.records.push({ record: { ...record, id: ++this.last }, arrived: this.now() });
        if (this.records.length > this.max * 1.1) this.records = this.records.slice(-this.max);
        for (const wake of this.waiting.splice(0)) wake();
    }

    read(path: string): Promise<ReadAnswer> {
        return Promise.resolve(readMemory(this, path));
    }

    /** Those that match, the oldest first. */
    find(query: SearchQuery): AppRecord[] {
        return this.matching(query);
    }

    /** Resolves when another record has come. */
    next(): Promise<void> {
        return new Promise((resolve) => this.waiting.push(resolve));
    }

    /** Everything, for a backend that takes over. */
    takeAll(): AppRecord[] {
        const all = this.alive();
        this.records = [];
        return all;
    }

    async get(scope: Scope, limit: number): Promise<AppRecord[]> {
        return limit > 0 ? this.matching(scope).slice(-limit) : [];
    }

    async count(scope: Scope): Promise<number> {
        return this.matching(scope).length;
    }

    async clear(scope: Scope): Promise<number> {
        const gone = new Set(this.matching(needed(scope)));
        this.records = this.records.filter(({ record }) => !gone.has(record));
        return gone.size;
    }

    async search(query: SearchQuery, limit: number): Promise<AppRecord[]> {
        return limit > 0 ? this.matching(query).slice(-limit).reverse() : [];
    }

    async popular(query: SearchQuery, limit: number): Promise<PopularAnswer[]> {
        const counts = new Map<string, number>();
        for (const { message } of this.matching(query)) {
            const pattern = message.replace(/\b[0-9a-f]{8,}\b|\d+/gi, "*");
            counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
        }
        const sorted = [...counts].sort(([, a], [, b]) => b - a);
        return sorted.slice(0, limit).map(([pattern, count]) => ({ pattern, count }));
    }

    async entry(id: number): Promise<AppRecord | null> {
        return this.alive().find((record) => record.id === id) ?? null;
    }

    async close(): Promise<void> {}

    private alive(): AppRecord[] {
        const oldest = this.now() - this.ttl;
        this.records = this.records.filter(({ arrived }) => arrived >= oldest);
        return this.records.map(({ record }) => record);
    }

    private matching({ campaignId, userEmail, sessionId, level, search, from, to, q = "" }: SearchQuery): AppRecord[] {
        const filter = compileFilter([level ? `level>=${level}` : "", q === "" ? "" : `(${q})`].join(" ").trim());
        const text = search?.toLowerCase();
        const [first, end] = [timeOf(from), timeOf(to)];
        return this.alive().filter(
            (record) =>
                (!campaignId || record.campaignId === campaignId) &&
                (!userEmail || record.userEmail === userEmail) &&
                (!sessionId || record.sessionId === sessionId) &&
                !(Date.parse(record.timestamp) < first) &&
                !(Date.parse(record.timestamp) >= end) &&
                (!text || record.message.toLowerCase().includes(text)) &&
                filter.matches(asOnTheWire(record)),
        );
    }
}

/** NaN, which nothing is before or after, when there is none. */
function timeOf(text: string | undefined): number {
    return text ? Date.parse(text) : Number.NaN;
}

/** Clearing everything is not asked for by leaving something out. */
export function needed(scope: Scope): Scope {
    if (!scope.campaignId && !scope.userEmail) throw new TypeError("which records are to be cleared? a campaign or a user is needed");
    return scope;
}

function asOnTheWire({ campaignId, userEmail, sessionId, ...record }: AppRecord): Record<string, unknown> {
    return { ...record, campaign_id: campaignId, user_email: userEmail, session_id: sessionId };
}

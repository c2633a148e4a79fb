// SPDX-License-Identifier: MIT
//
// Answers kept for a while: a memory layer, least recently used first out, with a limit of entries
// and bytes, above an optional slower layer that survives the program.

import { sizeOf } from "./values.js";

export interface CacheLayer {
    get(key: string): Promise<CacheEntry | undefined>;
    set(key: string, entry: CacheEntry): Promise<void>;
    delete(keys: (key: string, tags: readonly string[]) => boolean): Promise<void>;
}

export interface CacheEntry {
    value: unknown;
    expires: number;
    tags: readonly string[];
    bytes: number;
}

export interface CacheConfig {
    /** Entries in memory. Default 1,000. */
    maxEntries?: number;
    /** Bytes in memory, as JSON. Default 16 MiB. */
    maxBytes?: number;
    /** Milliseconds. Default 300,000. */
    defaultTTL?: number;
    /** Below the memory layer. */
    persistent?: CacheLayer;
    now?: () => number;
}

export class MultiLayerCacheManager {
    hits = 0;
    misses = 0;
    private readonly memory = new Map<string, CacheEntry>();
    private bytes = 0;
    private readonly now: () => number;

    constructor(private readonly config: CacheConfig = {}) {
        this.now = config.now ?? Date.now;
    }

    get hitRate(): number {
        const asked = this.hits + this.misses;
        return asked === 0 ? 0 : this.hits / asked;
    }

    async get(key: string): Promise<{ value: unknown } | undefined> {
        const entry = this.fresh(this.memory.get(key)) ?? (await this.below(key));
        if (!entry) {
            this.misses += 1;
            return undefined;
        }
        this.hits += 1;
        this.keep(key, entry);
        return { value: entry.value };
    }

    async set(key: string, value: unknown, ttl = this.config.defaultTTL ?? 300_000, tags: readonly string[] = []): Promise<void> {
        const size = sizeOf(value);
        if (size === null) return; // a value with cycles: its size, and so the limit, cannot be kept
        const entry = { value, expires: this.now() + ttl, tags, bytes: size + key.length };
        this.keep(key, entry);
        await this.config.persistent?.set(key, entry);
    }

    /** One key, or all that start with `prefix*`, or all with a tag. */
    async invalidate(what: string | { prefix: string } | { tag: string }): Promise<void> {
        const passes = (key: string, tags: readonly string[]): boolean => {
            if (typeof what === "string") return what.endsWith("*") ? key.startsWith(what.slice(0, -1)) : key === what;
            return "prefix" in what ? key.startsWith(what.prefix) : tags.includes(what.tag);
        };
        for (const [key, { tags }] of [...this.memory]) if (passes(key, tags)) this.drop(key);
        await this.config.persistent?.delete(passes);
    }

    private async below(key: string): Promise<CacheEntry | undefined> {
        return this.fresh(await this.config.persistent?.get(key));
    }

    private fresh(entry: CacheEntry | undefined): CacheEntry | undefined {
        return entry && entry.expires > this.now() ? entry : undefined;
    }

    /** As the newest one; the oldest make room. */
    private keep(key: string, entry: CacheEntry): void {
        const { maxEntries = 1000, maxBytes = 16 * 1024 * 1024 } = this.config;
        this.drop(key);
        this.memory.set(key, entry);
        this.bytes += entry.bytes;
        for (const [oldest] of this.memory) {
            if (this.memory.size <= maxEntries && this.bytes <= maxBytes) break;
            this.drop(oldest);
        }
    }

    private drop(key: string): void {
        const entry = this.memory.get(key);
        if (!entry) return;
        this.memory.delete(key);
        this.bytes -= entry.bytes;
    }
}

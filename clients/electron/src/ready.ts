// SPDX-License-Identifier: MIT
//
// The handlers behind electronAPI.db, .system and .config, and behind a LogViewer in a window.

import type { Backend, SearchQuery } from "./backend.js";
import type { AppConfig } from "./config.js";
import type { WebContentsLike } from "./electron_types.js";
import type { LogEventHub } from "./log_hub.js";
import type { IPCManager } from "./manager.js";
import type { BatchMetrics, ManagerMetrics, StreamMetrics } from "./metrics.js";
import { Pages } from "./pages.js";

export type { ConfigValues } from "./config.js";
export type { PopularAnswer, SearchQuery } from "./backend.js";

export interface SystemInfo {
    name: string;
    version: string;
    pid: number;
    platform: string;
    arch: string;
    /** node, chrome, electron, … */
    versions: Record<string, string | undefined>;
    uptimeSeconds: number;
    memory: { rss: number; heapUsed: number };
    /** Records survive this program. */
    isDurable: boolean;
}

export interface SystemMetrics {
    manager: ManagerMetrics;
    batches: BatchMetrics;
    streams: StreamMetrics;
}

export interface ReadyOptions {
    hub: LogEventHub;
    /** Electron's app; for its name and version. */
    app?: { getName(): string; getVersion(): string };
    /** Without it there are no config:* channels. */
    config?: AppConfig;
}

const LIMIT = 100;

export function registerReadyHandlers(manager: IPCManager, { hub, app, config }: ReadyOptions): void {
    registerLogs(manager, () => hub.store);
    registerReading(manager, () => hub.store);
    registerSystem(manager, hub, app);
    if (config) registerConfig(manager, config);
}

function registerLogs(manager: IPCManager, store: () => Backend): void {
    const isLimit = (limit: unknown): boolean => limit === undefined || (Number.isInteger(limit) && (limit as number) > 0);
    manager.registerHandler("db:search", (_, query?: string | SearchQuery, limit = LIMIT) => store().search(queryOf(query), limit), {
        validation: ([query, limit]) => (isQuery(query, "string") && isLimit(limit)) || "a search takes a filter, then a limit above 0",
    });
    manager.registerHandler("db:getPopular", (_, limit = LIMIT, query?: SearchQuery) => store().popular(queryOf(query), limit), {
        streamable: true,
        validation: ([limit, query]) => (isLimit(limit) && isQuery(query)) || "getPopular takes a limit above 0, then conditions",
    });
    manager.registerHandler("db:getEntry", (_, id: number) => store().entry(id), { validation: ([id]) => Number.isInteger(id) || "an id is a number" });
    manager.registerHandler("db:getMultipleEntries", (_, ids: number[]) => Promise.all(ids.map((id) => store().entry(id))), {
        batchable: true,
        batchDelay: 5,
        validation: ([ids]) => (Array.isArray(ids) && ids.length <= 1000 && ids.every(Number.isInteger)) || "ids are numbers, at most 1,000",
    });
}

/** Requests that a window may make of the hub: reading logs, and nothing else of it. */
const READING = /^\/api\/v1\/logs(\/(\d+|count|export|facets|histogram|patterns|stream\/sse))?(\?|$)/;
const READ_TIMEOUT_MS = 60_000; // far more than between two heartbeats of the hub

function registerReading(manager: IPCManager, store: () => Backend): void {
    manager.registerHandler("logs:read", (_, path: string) => reading(store(), path), {
        streamable: true,
        streamLive: true,
        streamTimeout: READ_TIMEOUT_MS,
        validation: ([path]) => (typeof path === "string" && READING.test(path)) || "a window may ask for logs, and for nothing else of the hub",
    });
}

/** The head of the answer, then its body in pieces. */
async function* reading(store: Backend, path: string): AsyncGenerator<unknown> {
    const { body, ...head } = await store.read(path);
    yield head;
    yield* body;
}

function registerSystem(manager: IPCManager, hub: LogEventHub, app: ReadyOptions["app"]): void {
    manager.registerHandler("system:getInfo", (): SystemInfo => {
        const { rss, heapUsed } = process.memoryUsage();
        return {
            name: app?.getName() ?? "",
            version: app?.getVersion() ?? "",
            pid: process.pid,
            platform: process.platform,
            arch: process.arch,
            versions: { ...process.versions },
            uptimeSeconds: process.uptime(),
            memory: { rss, heapUsed },
            isDurable: hub.isDurable,
        };
    });
    manager.registerHandler("system:getMetrics", (): SystemMetrics => ({
        manager: manager.getMetrics(),
        batches: manager.batcher.getMetrics(),
        streams: manager.streaming.getMetrics(),
    }));
}

function registerConfig(manager: IPCManager, config: AppConfig): void {
    const watching = new Map<WebContentsLike, number>();
    const pages = new Pages((window, before) => {
        if ((watching.get(window) ?? before) < before) watching.delete(window);
    });
    config.on("change", (key: string, value: unknown) => {
        for (const window of watching.keys()) if (!window.isDestroyed()) window.send("logmill:config", key, value);
    });
    manager.registerHandler("config:get", (_, key?: string) => (key === undefined ? config.get() : config.get(key)));
    manager.registerHandler("config:set", (_, key: string, value: unknown) => config.set(key, value));
    manager.registerHandler("config:watch", ({ sender }) => void watching.set(sender, pages.generation(sender)));
}

function queryOf(query: string | SearchQuery = {}): SearchQuery {
    return typeof query === "string" ? { q: query } : query;
}

function isQuery(query: unknown, also?: "string"): boolean {
    return query === undefined || (typeof query === "object" && query !== null) || typeof query === also;
}

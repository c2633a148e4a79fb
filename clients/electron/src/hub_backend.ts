// SPDX-License-Identifier: MIT
//
// Records of an app in a hub, over its local socket.

import { HubError, LogSender, LogStreamingService, type LogMessage } from "@logmill/client";
import { LOCAL, localFetch, localPost } from "@logmill/client/node";
import { needed, type Backend, type PopularAnswer, type ReadAnswer, type Scope, type SearchQuery } from "./backend.js";
import type { AppRecord } from "./records.js";

const LOGS = "/api/v1/logs";
const LIMIT_MAX = 10_000;
const TIMEOUT_MS = 30_000;

export class HubBackend implements Backend {
    readonly isDurable = true;
    private readonly sender: LogSender;
    private readonly service: LogStreamingService;
    private readonly fetch: typeof fetch;

    constructor(
        /** The path of the hub's local socket. */
        readonly socket: string,
        /** What the app's records say they come from; others of the hub, its own among them, are not asked for. */
        private readonly source = "electron",
        private readonly ttl = "7d",
    ) {
        this.sender = new LogSender({ post: localPost(socket), source, maxReconnectDelay: 1_000 });
        this.fetch = localFetch(socket);
        const inTime: typeof fetch = (input, init) => this.fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
        this.service = new LogStreamingService(LOCAL, { fetch: inTime });
    }

    write({ campaignId, userEmail, sessionId, ...rest }: AppRecord): void {
        const labels = { ...(campaignId && { campaignId }), ...(userEmail && { userEmail }), ...(sessionId && { sessionId }) };
        this.sender.write({ ...rest, ttl: this.ttl, ...labels });
    }

    async get(scope: Scope, limit: number): Promise<AppRecord[]> {
        return (await this.search(scope, limit)).reverse();
    }

    async count(scope: Scope): Promise<number> {
        await this.sender.flush();
        return (await this.service.ask<{ count: number }>(`${LOGS}/count`, this.labels(scope))).count;
    }

    async clear(scope: Scope): Promise<number> {
        needed(scope);
        await this.sender.flush();
        return (await this.service.ask<{ deleted: number }>(LOGS, this.labels(scope), { method: "DELETE" })).deleted;
    }

    async search(query: SearchQuery, limit: number): Promise<AppRecord[]> {
        if (!(limit > 0)) return [];
        await this.sender.flush();
        const page = { limit: Math.min(limit, LIMIT_MAX), order: "desc", count: "none" } as const;
        return (await this.service.search({ ...this.wanted(query), ...page })).logs.map(appRecord);
    }

    async popular(query: SearchQuery, limit: number): Promise<PopularAnswer[]> {
        await this.sender.flush();
        return (await this.service.patterns({ ...this.wanted(query), limit: Math.min(Math.max(limit, 1), 1_000) })).patterns;
    }

    async entry(id: number): Promise<AppRecord | null> {
        await this.sender.flush();
        try {
            return appRecord(await this.service.getRecord(Number(id)));
        } catch (error) {
            if (error instanceof HubError && error.status === 404) return null;
            throw error;
        }
    }

    async read(path: string): Promise<ReadAnswer> {
        const url = new URL(path, LOCAL);
        if (!url.searchParams.has("source")) url.searchParams.set("source", this.source);
        if (/\/\d+$/.test(url.pathname)) url.search = "";
        const { status, headers, body } = await this.fetch(url, { headers: { Accept: "text/event-stream, */*" } });
        return { status, headers: Object.fromEntries(headers), body: textOf(body) };
    }

    async close(): Promise<void> {
        await this.sender.close();
    }

    private labels({ campaignId, userEmail }: Scope): Record<string, string | undefined> {
        return { source: this.source, campaign_id: campaignId, user_email: userEmail };
    }

    private wanted(query: SearchQuery): Record<string, string> {
        const given = Object.entries(query).filter(([, value]) => value);
        return { source: this.source, ...(Object.fromEntries(given) as Record<string, string>) };
    }
}

async function* textOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    for await (const piece of body ?? []) yield decoder.decode(piece, { stream: true });
}

function appRecord({ id, timestamp, level, message, campaign_id = "", user_email = "", session_id, fields }: LogMessage): AppRecord {
    const labels = { campaignId: campaign_id, userEmail: user_email, ...(session_id && { sessionId: session_id }) };
    return { id, key: (fields?.key as string | undefined) ?? String(id), timestamp, level, message, ...labels };
}

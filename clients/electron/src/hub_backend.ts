// SPDX-License-Identifier: MIT
//
// Records of an app in a hub, over its local socket.

import { request } from "node:http";
import { LogSender } from "@logmill/client";
import { localPost } from "@logmill/client/node";
import { needed, type Backend, type PopularAnswer, type Scope, type SearchQuery } from "./backend.js";
import type { AppRecord } from "./records.js";

interface WireRecord {
    id: number;
    timestamp: string;
    level: AppRecord["level"];
    message: string;
    campaign_id?: string;
    user_email?: string;
    session_id?: string;
    fields?: { key?: string };
}

const LIMIT_MAX = 10_000;
const TIMEOUT_MS = 30_000;
const NAMES = [
    ["campaignId", "campaign_id"],
    ["userEmail", "user_email"],
    ["sessionId", "session_id"],
    ["level", "level"],
    ["search", "search"],
    ["q", "q"],
    ["from", "from"],
    ["to", "to"],
] as const;

export class HubBackend implements Backend {
    readonly isDurable = true;
    private readonly sender: LogSender;

    constructor(
        /** The path of the hub's local socket. */
        readonly socket: string,
        /** What the app's records say they come from; others of the hub, its own among them, are not asked for. */
        private readonly source = "electron",
        private readonly ttl = "7d",
    ) {
        this.sender = new LogSender({ post: localPost(socket), source, maxReconnectDelay: 1_000 });
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
        return (await this.ask<{ count: number }>("GET", "/api/v1/logs/count", this.params(scope))).count;
    }

    async clear(scope: Scope): Promise<number> {
        needed(scope);
        await this.sender.flush();
        return (await this.ask<{ deleted: number }>("DELETE", "/api/v1/logs", this.params(scope))).deleted;
    }

    async search(query: SearchQuery, limit: number): Promise<AppRecord[]> {
        if (!(limit > 0)) return [];
        await this.sender.flush();
        const page = { limit: String(Math.min(limit, LIMIT_MAX)), order: "desc", count: "none" };
        const { logs } = await this.ask<{ logs: WireRecord[] }>("GET", "/api/v1/logs", { ...this.params(query), ...page });
        return logs.map(appRecord);
    }

    async popular(query: SearchQuery, limit: number): Promise<PopularAnswer[]> {
        await this.sender.flush();
        const asked = { ...this.params(query), limit: String(Math.min(Math.max(limit, 1), 1_000)) };
        return (await this.ask<{ patterns: PopularAnswer[] }>("GET", "/api/v1/logs/patterns", asked)).patterns;
    }

    async entry(id: number): Promise<AppRecord | null> {
        await this.sender.flush();
        const found = await this.ask<WireRecord | null>("GET", `/api/v1/logs/${Number(id)}`, {}, null);
        return found && appRecord(found);
    }

    async close(): Promise<void> {
        await this.sender.close();
    }

    private params(query: SearchQuery): Record<string, string> {
        const given = NAMES.filter(([name]) => query[name]).map(([name, wire]) => [wire, String(query[name])]);
        return { source: this.source, ...Object.fromEntries(given) };
    }

    /** `ifMissing`: the answer for a 404. */
    private ask<T>(method: string, path: string, query: Record<string, string>, ifMissing?: T): Promise<T> {
        const target = `${path}?${new URLSearchParams(query).toString()}`;
        const options = { socketPath: this.socket, path: target, method, headers: { Host: "localhost" }, timeout: TIMEOUT_MS };
        return new Promise((resolve, reject) => {
            const asked = request(options, (response) => {
                let text = "";
                response.setEncoding("utf8");
                response.on("data", (piece: string) => (text += piece));
                response.on("error", reject);
                response.on("end", () => {
                    const status = response.statusCode ?? 500;
                    const body = parsed(text);
                    if (status < 300 && body !== undefined) resolve(body as T);
                    else if (status === 404 && ifMissing !== undefined) resolve(ifMissing);
                    else reject(new Error((body as Refusal | undefined)?.error?.message ?? `the hub answered ${status}`));
                });
            });
            asked.on("timeout", () => asked.destroy(new Error("the hub does not answer")));
            asked.on("error", reject);
            asked.end();
        });
    }
}

interface Refusal {
    error?: { message?: string };
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function appRecord({ id, timestamp, level, message, campaign_id = "", user_email = "", session_id, fields }: WireRecord): AppRecord {
    const labels = { campaignId: campaign_id, userEmail: user_email, ...(session_id && { sessionId: session_id }) };
    return { id, key: fields?.key ?? String(id), timestamp, level, message, ...labels };
}

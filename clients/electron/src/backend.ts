// SPDX-License-Identifier: MIT
//
// Where the records of an app are kept: a hub of logmill on this machine, or, where none can run, this
// process itself. Both have the same methods; the second keeps nothing across a restart, and says so.

import { request } from "node:http";
import { localPost } from "@logmill/client/node";
import { LogSender } from "@logmill/client";
import type { AppRecord, RecordInput } from "./records.js";

export interface Backend {
    /** True: records survive this program, even when it is killed. */
    readonly isDurable: boolean;
    write(record: RecordInput): void;
    get(campaignId: string, userEmail: string, limit: number): Promise<AppRecord[]>;
    count(campaignId: string, userEmail: string): Promise<number>;
    clear(campaignId: string, userEmail: string): Promise<number>;
    close(): Promise<void>;
}

/** Records in memory: the newest `max`, for `ttl` milliseconds. */
export class MemoryBackend implements Backend {
    readonly isDurable = false;
    private records: AppRecord[] = [];
    private last = 0;

    constructor(
        private readonly max = 10_000,
        private readonly ttl = 7 * 86_400_000,
        private readonly now: () => number = Date.now,
    ) {}

    write(record: RecordInput): void {
        this.records.push({ ...record, id: ++this.last });
        if (this.records.length > this.max * 1.1) this.records = this.alive().slice(-this.max);
    }

    get(campaignId: string, userEmail: string, limit: number): Promise<AppRecord[]> {
        const found = this.alive().filter((record) => isOf(record, campaignId, userEmail));
        return Promise.resolve(limit > 0 ? found.slice(-limit) : []);
    }

    count(campaignId: string, userEmail: string): Promise<number> {
        return Promise.resolve(this.alive().filter((record) => isOf(record, campaignId, userEmail)).length);
    }

    clear(campaignId: string, userEmail: string): Promise<number> {
        const before = this.records.length;
        this.records = this.records.filter((record) => !isOf(record, campaignId, userEmail));
        return Promise.resolve(before - this.records.length);
    }

    close(): Promise<void> {
        return Promise.resolve();
    }

    private alive(): AppRecord[] {
        const oldest = this.now() - this.ttl;
        return this.records.filter((record) => Date.parse(record.timestamp) >= oldest);
    }
}

function isOf(record: AppRecord, campaignId: string, userEmail: string): boolean {
    return record.campaignId === campaignId && record.userEmail === userEmail;
}

interface WireRecord {
    id: number;
    timestamp: string;
    level: AppRecord["level"];
    message: string;
    campaign_id?: string;
    user_email?: string;
    session_id?: string;
}

/** Records in a hub, over its local socket. */
export class HubBackend implements Backend {
    readonly isDurable = true;
    private readonly sender: LogSender;

    constructor(
        private readonly socket: string,
        source = "electron",
        private readonly ttl = "7d",
    ) {
        this.sender = new LogSender({ post: localPost(socket), source });
    }

    write(record: RecordInput): void {
        const { campaignId, userEmail, sessionId, ...rest } = record;
        this.sender.write({ ...rest, ttl: this.ttl, ...(campaignId && { campaignId }), ...(userEmail && { userEmail }), ...(sessionId && { sessionId }) });
    }

    async get(campaignId: string, userEmail: string, limit: number): Promise<AppRecord[]> {
        await this.sender.flush();
        const query = { ...this.scope(campaignId, userEmail), limit: String(Math.min(limit, 10_000)), order: "desc", count: "none" };
        const { logs } = await this.ask<{ logs: WireRecord[] }>("GET", "/api/v1/logs", query);
        return logs.reverse().map(appRecord);
    }

    async count(campaignId: string, userEmail: string): Promise<number> {
        await this.sender.flush();
        return (await this.ask<{ count: number }>("GET", "/api/v1/logs/count", this.scope(campaignId, userEmail))).count;
    }

    async clear(campaignId: string, userEmail: string): Promise<number> {
        const before = await this.count(campaignId, userEmail);
        await this.ask("DELETE", "/api/v1/logs", this.scope(campaignId, userEmail));
        return before;
    }

    async close(): Promise<void> {
        await this.sender.close();
    }

    private scope(campaignId: string, userEmail: string): Record<string, string> {
        return { campaign_id: campaignId, user_email: userEmail };
    }

    private ask<T>(method: string, path: string, query: Record<string, string>): Promise<T> {
        const target = `${path}?${new URLSearchParams(query).toString()}`;
        return new Promise((resolve, reject) => {
            const asked = request({ socketPath: this.socket, path: target, method, headers: { Host: "localhost" } }, (response) => {
                let text = "";
                response.setEncoding("utf8");
                response.on("data", (piece: string) => (text += piece));
                response.on("error", reject);
                response.on("end", () => {
                    const answer = parse(text) as { error?: { message?: string } };
                    if ((response.statusCode ?? 500) < 300) resolve(answer as T);
                    else reject(new Error(answer.error?.message ?? `the hub answered ${response.statusCode}`));
                });
            });
            asked.on("error", reject);
            asked.end();
        });
    }
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return {};
    }
}

function appRecord(wire: WireRecord): AppRecord {
    const { id, timestamp, level, message, campaign_id, user_email, session_id } = wire;
    return { id, timestamp, level, message, campaignId: campaign_id ?? "", userEmail: user_email ?? "", ...(session_id && { sessionId: session_id }) };
}

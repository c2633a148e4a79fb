// SPDX-License-Identifier: MIT
//
// A record as the windows of an app see it, and as it comes in.

import type { Level } from "@logmill/client";

export interface RecordInput {
    timestamp: string;
    level: Level;
    message: string;
    campaignId: string;
    userEmail: string;
    sessionId?: string;
}

export interface AppRecord extends RecordInput {
    /** The same live and from getLogs(): tells a record that a page has already. */
    key: string;
    /** In the store; a record that has just come has none yet. */
    id?: number;
}

/** What a window, or logBatch(), may hand in. */
export interface LogEntryInput {
    level?: string;
    message: string;
    sessionId?: string;
    timestamp?: string;
}

const LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal"];
const ALIASES: Record<string, string> = { warning: "warn", err: "error", critical: "fatal", log: "info", verbose: "debug", silly: "trace" };

export function levelOf(name: string | undefined): Level {
    const folded = String(name ?? "info").toLowerCase();
    const known = ALIASES[folded] ?? folded;
    return (LEVELS.includes(known) ? known : "info") as Level;
}

/** An entry of a caller that may be wrong in every member. Throws when there is no message. */
export function recordOf(campaignId: unknown, userEmail: unknown, entry: LogEntryInput): RecordInput {
    if (typeof entry?.message !== "string") throw new TypeError("an entry needs a message");
    const time = entry.timestamp === undefined ? Number.NaN : Date.parse(entry.timestamp);
    return {
        campaignId: String(campaignId ?? ""),
        userEmail: String(userEmail ?? ""),
        message: entry.message,
        level: levelOf(entry.level),
        timestamp: new Date(Number.isNaN(time) ? Date.now() : time).toISOString(),
        ...(entry.sessionId && { sessionId: String(entry.sessionId) }),
    };
}

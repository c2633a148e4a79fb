// SPDX-License-Identifier: MIT
import type { Level } from "@logmill/client";

/** A record as windows see it. */
export interface RecordInput {
    timestamp: string;
    level: Level;
    message: string;
    campaignId: string;
    userEmail: string;
    sessionId?: string;
}

export interface AppRecord extends RecordInput {
    id: number;
}

/** What a window may hand in. */
export interface LogEntryInput {
    level?: string;
    message: string;
    sessionId?: string;
    timestamp?: string;
}

const LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal"];

export function levelOf(name: string | undefined): Level {
    const folded = (name ?? "info").toLowerCase();
    const known = folded === "warning" ? "warn" : folded;
    return (LEVELS.includes(known) ? known : "info") as Level;
}

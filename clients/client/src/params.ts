// SPDX-License-Identifier: MIT
//
// From what a caller wants to query parameters of the hub.

import type { LogFilter } from "./types.js";

const NAMES: readonly (readonly [keyof LogFilter, string])[] = [
    ["jobRunId", "job_run_id"],
    ["taskRunId", "task_run_id"],
    ["source", "source"],
    ["processId", "process_id"],
    ["campaignId", "campaign_id"],
    ["userEmail", "user_email"],
    ["sessionId", "session_id"],
    ["level", "level"],
    ["stream", "stream"],
    ["search", "search"],
    ["q", "q"],
];

/** The parameters of a filter; empty values mean "any" and are left out. Both spellings are taken. */
export function filterParams(filter: LogFilter): Record<string, string> {
    const given = filter as Record<string, unknown>;
    const params: Record<string, string> = {};
    for (const [camel, snake] of NAMES) {
        const value = given[camel] ?? given[snake];
        if (typeof value === "string" && value !== "") params[snake] = value;
    }
    return params;
}

/** `path?a=1&b=2`; undefined and empty values are left out. */
export function withQuery(path: string, params: Record<string, unknown>): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params))
        if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
    const text = query.toString();
    return text === "" ? path : `${path}?${text}`;
}

// SPDX-License-Identifier: MIT
//
// One row of the list, made from one record or notice of the stream. It keeps what drawing and
// filtering need and the JSON text itself; the rest is read from that text when a row is opened.

export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];
export const WARN = LEVELS.indexOf("warn");
export const ERROR = LEVELS.indexOf("error");

export interface Row {
    /** The record's id; a notice takes the id of the record before it. */
    id: number;
    time: number; // milliseconds since 1970, NaN when unknown
    level: number; // index in LEVELS
    source: string;
    job: string;
    message: string;
    json: string;
    notice: boolean; // said by the hub about the stream: dropped lines, a gap
    lost: number; // how many lines a notice reports missing
    cells: number; // columns of the message, -1 until somebody asked
}

export function levelIndex(name: unknown): number {
    const at = LEVELS.indexOf(name as Level);
    return at < 0 ? LEVELS.indexOf("info") : at;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

// A few names come a million times: keep one copy of each.
const names = new Map<string, string>();

function shared(value: string): string {
    const known = names.get(value);
    if (known !== undefined) return known;
    if (names.size > 4096) names.clear();
    names.set(value, value);
    return value;
}

/** Throws on what is not a JSON object. `lastId` is the id of the row before. */
export function parseRow(json: string, notice: boolean, lastId: number): Row {
    const record: unknown = JSON.parse(json);
    if (typeof record !== "object" || record === null || Array.isArray(record))
        throw new Error("a record must be a JSON object");
    const r = record as Record<string, unknown>;
    return {
        id: typeof r.id === "number" ? r.id : lastId,
        time: typeof r.timestamp === "string" ? Date.parse(r.timestamp) : Number.NaN,
        level: levelIndex(r.level),
        source: shared(text(r.source)),
        job: shared(text(r.job_run_id)),
        message: text(r.message),
        json,
        notice,
        lost: notice && typeof r.count === "number" ? r.count : 0,
        cells: -1,
    };
}

/** A remark of this page itself, shown in place like a notice of the hub. */
export function remark(message: string, lastId: number, now: number): Row {
    const timestamp = new Date(now).toISOString();
    const json = JSON.stringify({ timestamp, level: "warn", stream: "system", message });
    return parseRow(json, true, lastId);
}

export interface Detail {
    key: string;
    value: string;
}

/** All members of a record but the message, nested ones as a.b, in the order of the JSON. */
export function details(json: string): Detail[] {
    const found: Detail[] = [];
    const walk = (value: unknown, path: string): void => {
        if (typeof value === "object" && value !== null && Object.keys(value).length > 0)
            for (const [key, inner] of Object.entries(value))
                walk(inner, path === "" || path === "fields" ? key : `${path}.${key}`);
        else
            found.push({
                key: path,
                value: typeof value === "string" ? value : JSON.stringify(value),
            });
    };
    const { message: _, ...rest } = JSON.parse(json) as Record<string, unknown>;
    walk(rest, "");
    return found;
}

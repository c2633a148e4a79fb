// SPDX-License-Identifier: MIT
//
// One row of the list, made from one record or notice. It keeps what drawing and filtering need, and
// the JSON text; the rest is read from that text when a row is opened or a filter asks for it.

import type { LogMessage, Notice } from "@logmill/client";

export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];
export const WARN = LEVELS.indexOf("warn");
export const ERROR = LEVELS.indexOf("error");

export interface Row {
    /** The record's id; a notice takes the id of the record before it. */
    readonly id: number;
    readonly time: number; // milliseconds since 1970, NaN when unknown
    readonly level: number; // index in LEVELS
    readonly source: string;
    readonly job: string;
    readonly message: string;
    readonly json: string;
    /** Said by the hub about the stream: dropped lines, a gap; or by this page. */
    readonly notice: boolean;
    /** How many lines a notice reports missing. */
    readonly lost: number;
    /** Ids that can be fetched in its place; null when they cannot be had. */
    readonly hole: Hole | null;
    /** Continues the row before, as the lines of a stack trace do. */
    readonly cont: boolean;
    cells: number; // columns of the message, -1 until somebody asked
}

/** Ids from `from` to `to`, both included. */
export interface Hole {
    from: number;
    to: number;
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

function rowFrom(members: Record<string, unknown>, id: number, notice: boolean): Row {
    return {
        id,
        time: typeof members.timestamp === "string" ? Date.parse(members.timestamp) : Number.NaN,
        level: levelIndex(members.level),
        source: shared(text(members.source)),
        job: shared(text(members.job_run_id)),
        message: text(members.message),
        json: JSON.stringify(members),
        notice,
        lost: notice && typeof members.count === "number" ? members.count : 0,
        hole: null,
        cont: members.cont === true,
        cells: -1,
    };
}

export function rowOf(record: LogMessage): Row {
    return rowFrom(record, record.id, false);
}

/** `lastId` is the id of the row before. What was dropped is in the store and can be fetched. */
export function noticeRow(notice: Notice, lastId: number): Row {
    const row = rowFrom(notice as unknown as Record<string, unknown>, lastId, true);
    return notice.type === "dropped" ? { ...row, hole: { from: notice.from, to: notice.to } } : row;
}

/** A remark of this page itself, shown in place like a notice of the hub. */
export function remark(message: string, lastId: number, now: number): Row {
    const timestamp = new Date(now).toISOString();
    return rowFrom({ timestamp, level: "warn", stream: "system", message }, lastId, true);
}

/** The record behind a row. */
export function recordOf(row: Row): Record<string, unknown> {
    return JSON.parse(row.json) as Record<string, unknown>;
}

export interface Detail {
    /** As a filter names it. */
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

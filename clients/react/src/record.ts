// SPDX-License-Identifier: MIT
//
// One row of the list, made from one record or notice. A million of them have to fit into a page, so
// a row keeps what drawing and filtering need, and the JSON of its other members as one text, which
// rows that have the same share. The whole record is put together from these when somebody asks.

import type { LogMessage, Notice } from "@logmill/client";

export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];
export const WARN = LEVELS.indexOf("warn");
export const ERROR = LEVELS.indexOf("error");
export const FATAL = LEVELS.indexOf("fatal");

export interface Row {
    /** The record's id; a notice takes the id of the record before it. */
    readonly id: number;
    readonly time: number; // milliseconds since 1970 with their fraction, NaN when unknown
    readonly level: number; // index in LEVELS
    readonly source: string;
    readonly job: string;
    readonly message: string;
    /** JSON of the members that have no place of their own here. */
    readonly rest: string;
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

/** Of the store that a cursor is of. */
export const epochOf = (cursor: string): string => cursor.slice(0, Math.max(0, cursor.lastIndexOf(".")));

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const names = new Map<string, string>();

/** The one copy of a name that may come a million times. */
export function shared(value: string): string {
    const known = names.get(value);
    if (known !== undefined) return known;
    if (names.size > 4096) names.clear();
    names.set(value, value);
    return value;
}

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})Z$/;

/** Milliseconds of a timestamp; one as the hub writes them keeps its microseconds, and is not needed any more. */
function timeOf(stamp: unknown): { time: number; isWhole: boolean } {
    if (typeof stamp !== "string") return { time: Number.NaN, isWhole: stamp === undefined };
    const found = STAMP.exec(stamp);
    if (!found) return { time: Date.parse(stamp), isWhole: false };
    return { time: Date.parse(`${stamp.slice(0, 23)}Z`) + Number(found[1]) / 1000, isWhole: true };
}

/** The timestamp of a time, as the hub writes it. */
function stampOf(time: number): string {
    const whole = Math.floor(time);
    const micros = Math.round((time - whole) * 1000);
    return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, "0")}Z`;
}

/** What a row is made of. */
export interface RowParts {
    id: number;
    time: number;
    level: number;
    source: string;
    job: string;
    message: string;
    rest: string;
    cont: boolean;
}

export function partsOf(members: Record<string, unknown>, id: number): RowParts {
    const { id: _, timestamp, level, source, job_run_id, message, cont, ...rest } = members;
    const { time, isWhole } = timeOf(timestamp);
    if (!isWhole) rest.timestamp = timestamp;
    return {
        id,
        time,
        level: levelIndex(level),
        source: text(source),
        job: text(job_run_id),
        message: text(message),
        rest: JSON.stringify(rest),
        cont: cont === true,
    };
}

export function rowFrom(parts: RowParts): Row {
    return {
        id: parts.id,
        time: parts.time,
        level: parts.level,
        source: shared(parts.source),
        job: shared(parts.job),
        message: parts.message,
        rest: shared(parts.rest),
        notice: false,
        lost: 0,
        hole: null,
        cont: parts.cont,
        cells: -1,
    };
}

export function rowOf(record: LogMessage): Row {
    return rowFrom(partsOf(record, record.id));
}

/** `lastId` is the id of the row before. What was dropped is in the store and can be fetched. */
export function noticeRow(notice: Notice, lastId: number): Row {
    const row = rowFrom(partsOf(notice as unknown as Record<string, unknown>, lastId));
    const hole = notice.type === "dropped" ? { from: notice.from, to: notice.to } : null;
    return { ...row, notice: true, lost: typeof notice.count === "number" ? notice.count : 0, hole };
}

/** A remark of this page itself, shown in place like a notice of the hub. */
export function remark(message: string, lastId: number, now: number): Row {
    const timestamp = new Date(now).toISOString();
    return { ...rowFrom(partsOf({ timestamp, level: "warn", stream: "system", message }, lastId)), notice: true };
}

/** The record behind a row, its members in the hub's order. */
export function recordOf(row: Row): Record<string, unknown> {
    const { timestamp, stream, type, fields, ...rest } = JSON.parse(row.rest) as Record<string, unknown>;
    const members = {
        id: row.notice ? undefined : row.id,
        type,
        timestamp: timestamp ?? (Number.isNaN(row.time) ? undefined : stampOf(row.time)),
        level: LEVELS[row.level],
        stream,
        source: row.source === "" ? undefined : row.source,
        job_run_id: row.job === "" ? undefined : row.job,
        ...rest,
        message: row.message,
        cont: row.cont || undefined,
        fields,
    };
    return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

export const jsonOf = (row: Row): string => JSON.stringify(recordOf(row));

export interface Detail {
    /** As a filter names it. */
    key: string;
    value: string;
}

/** All members of a record but the message, nested ones as a.b, in the order of the JSON. */
export function details(row: Row): Detail[] {
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
    const { message: _, ...rest } = recordOf(row);
    walk(rest, "");
    return found;
}

/** One member as a filter names it; "" when the record has none. */
export function memberOf(row: Row, key: string): string {
    if (key === "source") return row.source;
    if (key === "job_run_id") return row.job;
    if (key === "id") return row.notice ? "" : String(row.id);
    const record = JSON.parse(row.rest) as Record<string, unknown>;
    const found = lookUp(record, key) ?? lookUp(record.fields, key);
    if (found === undefined) return "";
    return typeof found === "string" ? found : JSON.stringify(found);
}

function lookUp(value: unknown, path: string): unknown {
    if (typeof value !== "object" || value === null) return undefined;
    const members = value as Record<string, unknown>;
    if (Object.hasOwn(members, path)) return members[path];
    const dot = path.indexOf(".");
    return dot < 0 ? undefined : lookUp(members[path.slice(0, dot)], path.slice(dot + 1));
}

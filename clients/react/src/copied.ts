// SPDX-License-Identifier: MIT
//
// Rows as text for somebody else: plain lines, or Markdown for a ticket or a chat.

import { clock, dayAndClock } from "./format.js";
import { safeText } from "./layout.js";
import { LEVELS, type Row } from "./record.js";

/** Rows as text, one line each. */
export function linesAsText(rows: readonly Row[], utc: boolean): string {
    return rows.map((row) => lineAsText(row, utc)).join("\n");
}

export function lineAsText(row: Row, utc: boolean): string {
    const level = (LEVELS[row.level] ?? "info").toUpperCase();
    return `${clock(row.time, utc)} ${level} ${safeText(row.source)}: ${safeText(row.message)}`;
}

const NAMES_MOST = 3;

/** Text of others within a line of Markdown. */
function escaped(text: string): string {
    return safeText(text).replace(/[\\`*_{}[\]<>#|~!]/g, "\\$&");
}

function namesOf(rows: readonly Row[], of: (row: Row) => string, many: string): string {
    const names = [...new Set(rows.map(of))].filter((name) => name !== "");
    return names.length > NAMES_MOST ? `${names.length} ${many}` : names.map(escaped).join(", ");
}

function zoneOf(time: number, utc: boolean): string {
    const minutes = utc || Number.isNaN(time) ? 0 : -new Date(time).getTimezoneOffset();
    if (minutes === 0) return "UTC";
    const size = Math.abs(minutes);
    const two = (n: number): string => String(n).padStart(2, "0");
    return `UTC${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function timeOf(rows: readonly Row[], utc: boolean): string {
    const times = rows.map(({ time }) => time).filter((time) => !Number.isNaN(time));
    const [first, last] = [times[0], times.at(-1)];
    if (first === undefined || last === undefined) return "";
    const from = dayAndClock(first, utc);
    const to = dayAndClock(last, utc);
    const isSameDay = from.slice(0, 10) === to.slice(0, 10);
    const range = from === to ? from : `${from} to ${isSameDay ? to.slice(11) : to}`;
    return `${range} ${zoneOf(first, utc)}`;
}

/** A fence that no line of the text can end. */
function fenceFor(text: string): string {
    const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
    return "`".repeat(longest + 1);
}

/** Rows as Markdown: a heading with their sources, job runs and times, and the lines as they are. */
export function linesAsMarkdown(rows: readonly Row[], utc: boolean, link = ""): string {
    const jobs = namesOf(rows, ({ job }) => job, "job runs");
    const parts = [
        namesOf(rows, ({ source }) => source, "sources"),
        jobs && (/ job runs$/.test(jobs) ? jobs : `job run ${jobs}`),
        timeOf(rows, utc),
    ].filter((part) => part !== "");
    const text = linesAsText(rows, utc);
    const fence = fenceFor(text);
    const tail = link === "" ? "" : `\n[In logmill](${link})\n`;
    return `### ${parts.join(", ")}\n\n${fence}text\n${text}\n${fence}\n${tail}`;
}

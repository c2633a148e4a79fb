// SPDX-License-Identifier: MIT
//
// What the reader wants to see. The server filters; the same test runs here on rows that were
// loaded under another filter, so that a change acts at once. Both fold ASCII letters only.

import { LEVELS, type Level, type Row } from "./record";
import { stripEscapes } from "./ansi";

export interface Filter {
    readonly job: string;
    readonly level: Level; // this and above; "trace" lets everything through
    readonly search: string;
}

export const EVERYTHING: Filter = { job: "", level: "trace", search: "" };

export function sameFilter(a: Filter, b: Filter): boolean {
    return a.job === b.job && a.level === b.level && a.search === b.search;
}

export function filterFromQuery(query: string): Filter {
    const params = new URLSearchParams(query);
    const level = (params.get("level") ?? "").toLowerCase();
    return {
        job: (params.get("job_run_id") ?? "").trim(),
        level: (LEVELS as readonly string[]).includes(level) ? (level as Level) : "trace",
        search: params.get("search") ?? "",
    };
}

/** The parameters of the page's address and of the stream: only those that say something. */
export function filterToParams(filter: Filter): URLSearchParams {
    const params = new URLSearchParams();
    if (filter.job !== "") params.set("job_run_id", filter.job);
    if (filter.level !== "trace") params.set("level", filter.level);
    if (filter.search !== "") params.set("search", filter.search);
    return params;
}

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Whether every record that passes `narrow` passes `wide` too. */
export function implies(narrow: Filter, wide: Filter): boolean {
    return (
        (wide.job === "" || wide.job === narrow.job) &&
        LEVELS.indexOf(narrow.level) >= LEVELS.indexOf(wide.level) &&
        lower(narrow.search).includes(lower(wide.search))
    );
}

/** A pattern for the text itself, where a letter stands for both its cases. */
export function searchPattern(search: string, flags = ""): RegExp {
    const source = search
        .replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
        .replace(/[A-Za-z]/g, (c) => `[${c.toLowerCase()}${c.toUpperCase()}]`);
    return new RegExp(source, flags);
}

export function matcher(filter: Filter): (row: Row) => boolean {
    const level = LEVELS.indexOf(filter.level);
    const pattern = filter.search === "" ? null : searchPattern(filter.search);
    return (row) =>
        row.notice ||
        (row.level >= level &&
            (filter.job === "" || row.job === filter.job) &&
            (pattern === null || pattern.test(stripEscapes(row.message))));
}

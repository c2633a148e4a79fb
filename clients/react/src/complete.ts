// SPDX-License-Identifier: MIT
//
// What may come next in a filter, from keys and values that the rows have.

import { quote } from "./filter.js";
import { LEVELS, recordOf, type Row } from "./record.js";
import type { Ring } from "./ring.js";

export interface Seen {
    keys: readonly string[];
    sources: readonly string[];
    jobs: readonly string[];
}

/** Keys and values of the rows that were there at some time: a filter hides them, and is then what
 * one wants to change. */
export class Memory {
    private readonly keys = new Set<string>();
    private readonly sources = new Set<string>();
    private readonly jobs = new Set<string>();

    /** With what the newest rows have. */
    recall(rows: Ring<Row>): Seen {
        for (let seq = rows.end - 1; seq >= rows.first && seq >= rows.end - LOOKED_AT; seq -= 1) {
            const row = rows.at(seq) as Row;
            if (row.source !== "") add(this.sources, row.source);
            if (row.job !== "") add(this.jobs, row.job);
            addKeys(this.keys, recordOf(row), "");
        }
        const sorted = (set: Set<string>): string[] => [...set].sort();
        return { keys: sorted(this.keys), sources: sorted(this.sources), jobs: sorted(this.jobs) };
    }
}

function add(set: Set<string>, value: string): void {
    if (set.size < REMEMBERED) set.add(value);
}

export interface Completion {
    from: number;
    to: number;
    items: string[];
}

const MOST = 8;
const LOOKED_AT = 200;
const REMEMBERED = 1000;
const KNOWN = ["level>=", "source:", "job_run_id:", "stream:", "message:~", "timestamp>", "id>"];

function addKeys(keys: Set<string>, value: Record<string, unknown>, path: string): void {
    for (const [name, member] of Object.entries(value)) {
        const full = path === "" || path === "fields" ? name : `${path}.${name}`;
        const nested = typeof member === "object" && member !== null && !Array.isArray(member);
        if (nested) addKeys(keys, member as Record<string, unknown>, full);
        else if (/^[A-Za-z_][\w.]*$/.test(full)) add(keys, full);
    }
}

/** Items for the word at the caret; none when there is nothing to say. */
export function complete(text: string, caret: number, seen: Seen): Completion | null {
    const from = wordStart(text, caret);
    const word = text.slice(from, caret);
    const body = word.startsWith("-") ? 1 : 0;
    const keyed = /^-?([A-Za-z_][\w.]*)(:|>=|<=|>|<)(.*)$/.exec(word);
    const items = keyed
        ? valuesFor(keyed[1] as string, keyed[3] as string, seen)
        : keysFor(word.slice(body), seen);
    if (items.length === 0) return null;
    const start = keyed ? from + word.length - (keyed[3] as string).length : from + body;
    return { from: start, to: caret, items };
}

function wordStart(text: string, caret: number): number {
    let start = caret;
    while (start > 0 && !/[\s(]/.test(text[start - 1] as string)) start -= 1;
    return start;
}

function keysFor(prefix: string, seen: Seen): string[] {
    if (prefix === "") return [];
    const all = [...KNOWN, ...seen.keys.map((key) => `${key}:`).filter((key) => !KNOWN.includes(key))];
    return all.filter((key) => key.startsWith(prefix) && key !== prefix).slice(0, MOST);
}

function valuesFor(key: string, prefix: string, seen: Seen): string[] {
    const known: Record<string, readonly string[]> = {
        level: LEVELS,
        stream: ["stdout", "stderr", "system"],
        source: seen.sources,
        job_run_id: seen.jobs,
        timestamp: ["5m", "1h", "1d"],
    };
    const plain = prefix.replace(/^"/, "");
    return (known[key] ?? [])
        .filter((value) => value.startsWith(plain) && value !== plain)
        .map((value) => (/^[\w.:@-]+$/.test(value) ? value : quote(value)))
        .slice(0, MOST);
}

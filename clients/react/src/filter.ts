// SPDX-License-Identifier: MIT
//
// What the reader wants to see: whose records (a job run, a source, …), from which level on, and a
// text in the filter language. The hub filters; the same test runs here on rows that were loaded
// under another filter, so that a change acts at once.

import { compileFilter, filterError, printFilter, type CompiledFilter, type Expr, type LogFilter } from "@logmill/client";
import { LEVELS, recordOf, type Level, type Row } from "./record.js";

export interface Filter {
    readonly job: string;
    readonly level: Level; // this and above; "trace" lets everything through
    readonly q: string;
    /** Conditions that a host page sets and the reader does not see: campaign, user, source, … */
    readonly scope: Readonly<LogFilter>;
}

export const EVERYTHING: Filter = { job: "", level: "trace", q: "", scope: {} };

const scopeKey = (filter: Filter): string => JSON.stringify(Object.entries(filter.scope).sort());

export function sameFilter(a: Filter, b: Filter): boolean {
    return a.job === b.job && a.level === b.level && a.q.trim() === b.q.trim() && scopeKey(a) === scopeKey(b);
}

/** As the hub takes it. A text that is not a filter (yet) is left out. */
export function toLogFilter(filter: Filter, more = ""): LogFilter {
    const wanted: LogFilter = { ...filter.scope };
    if (filter.job !== "") wanted.jobRunId = filter.job;
    if (filter.level !== "trace") wanted.level = filter.level;
    const q = filterError(filter.q) ? "" : filter.q.trim();
    const both = q === "" || more === "" ? q + more : `(${q}) ${more}`;
    if (both !== "") wanted.q = both;
    return wanted;
}

/** A value as the filter language quotes it. */
export function quote(text: string): string {
    return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** The text with one more condition; a second click on the same one takes it out again. */
export function withTerm(q: string, term: string): string {
    const words = ` ${q.trim()} `;
    if (words.includes(` ${term} `)) return words.replace(` ${term} `, " ").trim();
    return `${q.trim()} ${term}`.trim();
}

/** A condition that a click on a member of a record stands for. */
export function termFor(key: string, value: string, negated: boolean): string {
    const simple = /^[\w.@/+-]+$/.test(value) && !value.startsWith("//") && !value.startsWith("/");
    return `${negated ? "-" : ""}${key}:${simple ? value : quote(value)}`;
}

/** Sources that a filter leaves out, each by a condition of its own. */
export function mutedSources(q: string): string[] {
    const tree = filterError(q) ? null : compileFilter(q).tree;
    const conditions = tree?.kind === "and" ? tree.of : tree ? [tree] : [];
    return conditions.flatMap((condition) => {
        if (condition.kind !== "not" || condition.of.kind !== "term") return [];
        const { key, op, values } = condition.of;
        return key === "source" && op === ":" && values.length === 1 ? values.map(({ text }) => text) : [];
    });
}

/** The text with a source left out, or let in again. */
export const withMuted = (q: string, source: string): string => withTerm(q, termFor("source", source, true));

/** Whether every record that passes `narrow` passes `wide` too. */
export function implies(narrow: Filter, wide: Filter): boolean {
    const [n, w] = [narrow.q.trim(), wide.q.trim()];
    const qNarrower = w === "" || n === w || (n.startsWith(`${w} `) && isConjunction(n) && isConjunction(w));
    return (
        (wide.job === "" || wide.job === narrow.job) &&
        LEVELS.indexOf(narrow.level) >= LEVELS.indexOf(wide.level) &&
        scopeKey(narrow) === scopeKey(wide) &&
        qNarrower
    );
}

function isConjunction(q: string): boolean {
    return !filterError(q) && !/\bOR\b/.test(q);
}

function compiled(q: string): CompiledFilter | null {
    return filterError(q) ? null : compileFilter(q);
}

/** Keys that a row answers without its JSON. */
const QUICK = new Set(["", "message", "level", "source", "job_run_id", "id"]);

function isQuick(expr: Expr | null): boolean {
    if (expr === null) return true;
    if (expr.kind === "term") return QUICK.has(expr.key);
    return expr.kind === "not" ? isQuick(expr.of) : expr.of.every(isQuick);
}

function quickRecord(row: Row): Record<string, unknown> {
    const { id, source, job, message } = row;
    return { id, level: LEVELS[row.level], source, job_run_id: job === "" ? undefined : job, message };
}

/** A test of rows. A text that is not a filter lets everything through. */
export function matcher(filter: Filter): (row: Row) => boolean {
    const level = LEVELS.indexOf(filter.level);
    const language = filter.q.trim() === "" ? null : compiled(filter.q);
    const record = language && isQuick(language.tree) ? quickRecord : recordOf;
    return (row) =>
        row.notice ||
        (row.level >= level &&
            (filter.job === "" || row.job === filter.job) &&
            (language === null || language.matches(record(row))));
}

/** What is marked in messages, as one expression; null when there is nothing. */
export function marksOf(filter: Filter): RegExp | null {
    const marks = (filter.q.trim() === "" ? null : compiled(filter.q))?.marks ?? [];
    if (marks.length === 0) return null;
    const flags = marks.every((mark) => mark.flags.includes("i")) ? "gi" : "g";
    return new RegExp(marks.map((mark) => `(?:${mark.source})`).join("|"), flags);
}

// --- the address of the page ---

export function filterFromQuery(query: string): Filter {
    const params = new URLSearchParams(query);
    const level = (params.get("level") ?? "").toLowerCase();
    const search = params.get("search") ?? "";
    const scope: LogFilter = {};
    for (const [key, name] of SCOPE) {
        const value = params.get(name);
        if (value) scope[key] = value;
    }
    return {
        job: (params.get("job_run_id") ?? "").trim(),
        level: (LEVELS as readonly string[]).includes(level) ? (level as Level) : "trace",
        q: [params.get("q") ?? "", search === "" ? "" : quote(search)].filter((part) => part !== "").join(" "),
        scope,
    };
}

const SCOPE = [
    ["taskRunId", "task_run_id"],
    ["source", "source"],
    ["processId", "process_id"],
    ["campaignId", "campaign_id"],
    ["userEmail", "user_email"],
    ["sessionId", "session_id"],
] as const;

/** Only those that say something. */
export function filterToParams(filter: Filter): URLSearchParams {
    const params = new URLSearchParams();
    if (filter.job !== "") params.set("job_run_id", filter.job);
    for (const [key, name] of SCOPE) {
        const value = filter.scope[key];
        if (value) params.set(name, value);
    }
    if (filter.level !== "trace") params.set("level", filter.level);
    if (filter.q.trim() !== "") params.set("q", filter.q.trim());
    return params;
}

/** The canonical form of a text that is a filter; for comparing what two people typed. */
export function canonical(q: string): string {
    return filterError(q) ? q : printFilter(compileFilter(q).tree);
}

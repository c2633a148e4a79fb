// SPDX-License-Identifier: MIT
//
// A filter compiled to a test of records, with the hub's meaning (docs/filter-language.md, "Keys"):
// columns, labels, then fields; what a record does not have never fits. Regular expressions are
// JavaScript's here and PCRE2's in the hub; where one cannot be translated the filter says that it
// is not exact, and lets through what only the hub can decide.

import { FilterError } from "./errors.js";
import { parseFilter } from "./parse.js";
import type { Expr, Op, Term } from "./tree.js";

export type LogLike = Readonly<Record<string, unknown>>;

export interface CompiledFilter {
    readonly tree: Expr | null;
    /** False: some condition can be decided by the hub alone, and passes here. */
    readonly exact: boolean;
    /** The texts and expressions that a viewer marks in messages. */
    readonly marks: readonly RegExp[];
    matches(record: LogLike): boolean;
}

type Test = (record: LogLike) => boolean;

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];
const STREAMS = ["stdout", "stderr", "system"];
/** Names of levels, as src/record/level_words.def has them. */
const LEVEL_WORDS: Record<string, readonly string[]> = {
    trace: ["trace", "trc", "trce", "silly", "finest", "t"],
    debug: ["debug", "dbg", "dbug", "verbose", "http", "fine", "config", "d", "v", "finer"],
    info: ["info", "information", "inf", "notice", "note", "log", "i", "n"],
    warn: ["warn", "warning", "warni", "wrn", "w"],
    error: ["error", "err", "eror", "severe", "fail", "failure", "e"],
    fatal: ["fatal", "critical", "crit", "criti", "ftl", "panic", "dpanic", "pnc", "alert", "emerg", "emergency", "f", "c"],
};
/** Members of a record that are no labels. */
const CORE = new Set(
    "id timestamp level stream message fields cont unterminated part last truncated truncated_input size type".split(" "),
);
const LABELS = new Set("source process_id job_run_id task_run_id campaign_id user_email session_id".split(" "));
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Throws a FilterError. `now` is what "5m" is counted from. */
export function compileFilter(text: string, now: number = Date.now()): CompiledFilter {
    const tree = parseFilter(text);
    const compiler = new Compiler(now);
    const test = tree ? compiler.expr(tree, false) : () => true;
    return { tree, exact: compiler.exact, marks: compiler.marks, matches: test };
}

/** What is wrong with a filter, or null. */
export function filterError(text: string): FilterError | null {
    try {
        compileFilter(text);
        return null;
    } catch (error) {
        if (error instanceof FilterError) return error;
        throw error;
    }
}

class Compiler {
    exact = true;
    readonly marks: RegExp[] = [];

    constructor(private readonly now: number) {}

    expr(expr: Expr, negated: boolean): Test {
        switch (expr.kind) {
            case "term":
                return this.term(expr, negated);
            case "not": {
                const inner = this.expr(expr.of, !negated);
                return (record) => !inner(record);
            }
            case "and": {
                const tests = expr.of.map((child) => this.expr(child, negated));
                return (record) => tests.every((test) => test(record));
            }
            case "or": {
                const tests = expr.of.map((child) => this.expr(child, negated));
                return (record) => tests.some((test) => test(record));
            }
        }
    }

    private term(term: Term, negated: boolean): Test {
        const { key, op } = term;
        const isText = key === "" || key === "message";
        if ((key === "stream" || isText) && op !== ":" && op !== ":~") this.refuse(term, "unordered");
        if (key === "id") return this.id(term);
        if (key === "timestamp") return this.time(term);
        if (op === ":~") return this.regex(term, isText, negated);
        if (key === "level") return this.level(term);
        if (key === "stream") return this.stream(term);
        return isText ? this.text(term, negated) : this.key(term);
    }

    private text(term: Term, negated: boolean): Test {
        const patterns = term.values.map(({ text }) => new RegExp(foldedSource(text)));
        if (!negated) this.marks.push(...patterns.filter((pattern) => pattern.source !== "(?:)"));
        return (record) => {
            const message = messageOf(record);
            return patterns.some((pattern) => pattern.test(message));
        };
    }

    private regex(term: Term, isText: boolean, negated: boolean): Test {
        const pattern = this.pattern(term);
        if (!pattern) return () => !negated;
        if (isText) {
            if (!negated) this.marks.push(pattern);
            return (record) => pattern.test(messageOf(record));
        }
        if (term.key === "level" || term.key === "stream") return (record) => pattern.test(String(record[term.key] ?? ""));
        return (record) => anyValue(record, term.key, (value) => pattern.test(value));
    }

    /** Null when JavaScript cannot read it: the hub may. */
    private pattern(term: Term): RegExp | null {
        const flags = [...new Set(term.flags)].filter((flag) => flag !== "x").join("");
        try {
            if (!term.flags.includes("x")) return new RegExp((term.values[0] as { text: string }).text, flags);
        } catch {
            // not JavaScript's
        }
        this.exact = false;
        return null;
    }

    private level(term: Term): Test {
        const wanted = new Set<string>();
        for (const { text, column } of term.values) {
            const at = levelOf(text);
            if (at < 0) throw new FilterError("level", column);
            LEVELS.forEach((name, i) => {
                if (fits(term.op, i - at)) wanted.add(name);
            });
        }
        return (record) => wanted.has(String(record.level));
    }

    private stream(term: Term): Test {
        const names = term.values.map(({ text, column }) => {
            if (!STREAMS.includes(text)) throw new FilterError("stream", column);
            return text;
        });
        return (record) => names.includes(String(record.stream));
    }

    private id(term: Term): Test {
        const ids = term.values.map(({ text, column }) => {
            if (term.op === ":~" || !/^\d+$/.test(text) || BigInt(text) >= 1n << 64n) throw new FilterError("id", column);
            return Number(text);
        });
        return (record) => typeof record.id === "number" && ids.some((id) => fits(term.op, (record.id as number) - id));
    }

    private time(term: Term): Test {
        const [value] = term.values;
        if (term.op === ":" || term.op === ":~") this.refuse(term, "time_order");
        const at = timeOf(value?.text ?? "", this.now);
        if (at === null) throw new FilterError("time", value?.column ?? 1);
        return (record) => {
            const time = microseconds(String(record.timestamp ?? ""));
            return time !== null && fits(term.op, time - at);
        };
    }

    private key(term: Term): Test {
        const values = term.values.map(({ text }) => ({ text, number: numeric(text) }));
        const test =
            term.op === ":"
                ? (text: string, isNumber: boolean) =>
                      values.some((v) => v.text === text || (isNumber && v.number !== null && v.number === numeric(text)))
                : (text: string) => {
                      const [value] = values;
                      return value !== undefined && fits(term.op, compare(text, value));
                  };
        return (record) => anyValue(record, term.key, test);
    }

    private refuse(term: Term, code: "unordered" | "time_order"): never {
        throw new FilterError(code, term.values[0]?.column ?? 1);
    }
}

function fits(op: Op, order: number): boolean {
    switch (op) {
        case ">":
            return order > 0;
        case ">=":
            return order >= 0;
        case "<":
            return order < 0;
        case "<=":
            return order <= 0;
        default:
            return order === 0;
    }
}

function levelOf(word: string): number {
    const folded = word.toLowerCase();
    return LEVELS.findIndex((name) => LEVEL_WORDS[name]?.includes(folded));
}

/** A text whose ASCII letters stand for both cases. */
export function foldedSource(text: string): string {
    return text
        .replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
        .replace(/[A-Za-z]/g, (c) => `[${c.toLowerCase()}${c.toUpperCase()}]`);
}

// Filters look at messages without colours and other terminal sequences.
const ESCAPE =
    // eslint-disable-next-line no-control-regex
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$|(?=\x1b))|\x1b[ -/]+[0-~]|\x1b[0-Z\\`-~]/g;
const MAY_ESCAPE = /[\x1b\x80-\x9f]/;

function messageOf(record: LogLike): string {
    const message = typeof record.message === "string" ? record.message : "";
    return MAY_ESCAPE.test(message) ? message.replace(ESCAPE, "") : message;
}

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

function numeric(text: string): number | null {
    return text.length <= 128 && NUMBER.test(text) ? Number(text) : null;
}

/** As numbers when both are, else as texts. */
function compare(text: string, value: { text: string; number: number | null }): number {
    const number = value.number === null ? null : numeric(text);
    if (number !== null) return Math.sign(number - (value.number as number));
    return text < value.text ? -1 : text > value.text ? 1 : 0;
}

type ValueTest = (text: string, isNumber: boolean) => boolean;

function anyValue(record: LogLike, key: string, test: ValueTest): boolean {
    if (!key.startsWith("fields.") && !CORE.has(key)) {
        const label = record[key];
        if (typeof label === "string") return test(label, false);
        if (LABELS.has(key)) return false;
    }
    const path = key.startsWith("fields.") ? key.slice("fields.".length) : key;
    return anyField(record.fields, path, test);
}

function anyField(value: unknown, path: string, test: ValueTest): boolean {
    if (Array.isArray(value)) return value.some((item) => anyField(item, path, test));
    if (typeof value !== "object" || value === null) return false;
    const members = value as Record<string, unknown>;
    if (Object.hasOwn(members, path) && anyLeaf(members[path], test)) return true;
    for (let dot = path.indexOf("."); dot > 0; dot = path.indexOf(".", dot + 1)) {
        const head = path.slice(0, dot);
        if (Object.hasOwn(members, head) && anyField(members[head], path.slice(dot + 1), test)) return true;
    }
    return false;
}

function anyLeaf(value: unknown, test: ValueTest): boolean {
    if (Array.isArray(value)) return value.some((item) => anyLeaf(item, test));
    if (typeof value === "string") return test(value, false);
    if (typeof value === "number") return test(String(value), true);
    return typeof value === "boolean" && test(String(value), false);
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d))?$/;

/** Microseconds since 1970, or null. */
function microseconds(text: string): number | null {
    const found = TIME.exec(text);
    if (!found) return null;
    const [, date, time = "00:00:00", fraction = "", zone = "Z"] = found;
    const day = Date.parse(`${date}T00:00:00Z`);
    // Date.parse rolls the 31st of a short month over; that is no date.
    if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return null;
    const seconds = Date.parse(`${date}T${time.replace(/:60$/, ":59")}${zone.toUpperCase()}`);
    if (Number.isNaN(seconds)) return null;
    return seconds * 1000 + (time.endsWith(":60") ? 1e6 : 0) + Number(fraction.padEnd(6, "0").slice(0, 6));
}

function timeOf(text: string, now: number): number | null {
    const ago = /^(\d+)([smhdw])$/.exec(text);
    if (!ago) return microseconds(text);
    const seconds = Number(ago[1]) * (UNITS[ago[2] as string] as number);
    return seconds <= 1e12 ? now * 1000 - seconds * 1e6 : null;
}

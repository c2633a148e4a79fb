// SPDX-License-Identifier: MIT
//
// From a filter text to its tree.
//
//     any = all { "OR" all }      all = one { ["AND"] one }      one = "-" one | "(" any ")" | term
//
// A word has to earn being anything but text, because people paste paths, addresses and code; the
// rules are those of docs/filter-language.md, "What stays text".

import { FilterError, type FilterErrorName } from "./errors.js";
import type { Expr, Op, Term } from "./tree.js";

const TEXT_MAX = 4096;
const TERMS_MAX = 64;
const DEPTH_MAX = 8;
const REGEX_MAX = 1024;

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;
const isSpace = (c: string): boolean => c === " " || c === "\t" || c === "\n" || c === "\r";
const endsTerm = (c: string): boolean => isSpace(c) || c === ")";

/** The tree of a text, null for the empty filter. Throws a FilterError. */
export function parseFilter(text: string): Expr | null {
    return new Parser(text).filter();
}

class Parser {
    private at = 0;
    private depth = 0;
    private terms = 0;

    constructor(private readonly text: string) {}

    filter(): Expr | null {
        if (utf8Length(this.text) > TEXT_MAX) throw new FilterError("too_long", this.columnOfByte(TEXT_MAX));
        return this.atEnd() ? null : this.any();
    }

    // --- the grammar ---

    private any(): Expr {
        const members = [this.all()];
        while (this.atOperator("OR")) {
            this.passOperator("OR");
            members.push(this.all());
        }
        return members.length === 1 ? (members[0] as Expr) : { kind: "or", of: members };
    }

    private all(): Expr {
        const members = [this.one()];
        for (;;) {
            if (this.atOperator("AND")) this.passOperator("AND");
            else if (!this.atTerm()) break;
            members.push(this.one());
        }
        return members.length === 1 ? (members[0] as Expr) : { kind: "and", of: members };
    }

    private one(): Expr {
        if (this.atNegation()) {
            this.at += 1;
            return { kind: "not", of: this.plain() };
        }
        if (this.atOperator("OR") || this.atOperator("AND")) this.refuse("operator");
        if (this.char() === ")") this.refuse("bracket_close");
        return this.plain();
    }

    private plain(): Expr {
        if (this.char() === "(") return this.bracket();
        this.terms += 1;
        if (this.terms > TERMS_MAX) this.refuse("too_many_terms");
        return this.term();
    }

    private bracket(): Expr {
        const open = this.at;
        this.at += 1;
        this.depth += 1;
        if (this.depth > DEPTH_MAX) this.refuse("too_deep", open);
        if (this.atEnd()) this.refuse("bracket_open", open);
        if (this.char() === ")") this.refuse("bracket_empty", open);
        const inner = this.any();
        if (this.atEnd()) this.refuse("bracket_open", open);
        this.at += 1;
        this.depth -= 1;
        return inner;
    }

    /** A "-" negates unless it stands alone, or starts "--" or "->". */
    private atNegation(): boolean {
        const next = this.text[this.at + 1];
        return this.char() === "-" && next !== undefined && !endsTerm(next) && next !== "-" && next !== ">";
    }

    private atTerm(): boolean {
        return !this.atEnd() && (this.depth === 0 || this.char() !== ")") && !this.atOperator("OR");
    }

    private atOperator(word: string): boolean {
        if (this.atEnd() || !this.text.startsWith(word, this.at)) return false;
        const behind = this.char(this.at + word.length);
        return endsTerm(behind) || behind === "(";
    }

    private passOperator(word: string): void {
        const start = this.at;
        this.at += word.length;
        if (this.atEnd() || this.char() === ")") this.refuse("operator", start);
    }

    // --- terms ---

    private term(): Term {
        const term: Term = { kind: "term", key: "", op: ":", flags: "", values: [], from: this.at, to: 0 };
        if (!this.keyed(term)) this.bare(term);
        const [first] = term.values;
        if (term.op === ":~" && first && utf8Length(first.text) > REGEX_MAX)
            throw new FilterError("regex_long", first.column);
        term.to = this.at;
        return term;
    }

    /** key:value, key>value and so on; false when it is only text that looks a little like that. */
    private keyed(term: Term): boolean {
        const start = this.at;
        const found = /^([A-Za-z_][A-Za-z0-9_.]*)(?<!\.)(:~|:(?![:\\]|\/\/)|[<>]=|[<>](?![<>]))/.exec(this.text.slice(start));
        if (!found) return false;
        this.at += found[0].length;
        term.key = found[1] as string;
        term.op = found[2] as Op;
        if (term.op === ":") this.list(term);
        else this.single(term);
        if (term.values.length > 0) return true;
        this.at = start;
        Object.assign(term, { key: "", op: ":", flags: "" });
        return false;
    }

    private list(term: Term): void {
        for (;;) {
            const start = this.at;
            const quoted = this.char() === '"';
            const item = quoted ? this.quotedValue() : this.word(",");
            if (quoted || item !== "") term.values.push({ text: item, column: this.column(start) });
            if (this.text[this.at] !== ",") return;
            this.at += 1;
        }
    }

    private single(term: Term): void {
        const start = this.at;
        if (term.op === ":~" && this.regex(term)) return;
        const quoted = this.char() === '"';
        const value = quoted ? this.quotedValue() : this.word();
        if (quoted && this.text[this.at] === ",") this.refuse("quote_end");
        const isTag = !quoted && term.op === "<" && value.endsWith(">");
        if (quoted || (value !== "" && !isTag)) term.values.push({ text: value, column: this.column(start) });
    }

    private bare(term: Term): void {
        const start = this.at;
        if (this.regex(term)) {
            term.op = ":~";
            return;
        }
        const text = this.char() === '"' ? this.quoted() : this.word();
        term.values.push({ text, column: this.column(start) });
    }

    /** /…/flags, if a space, ")" or the end follows; "//" opens none. */
    private regex(term: Term): boolean {
        const start = this.at;
        if (this.char() !== "/" || this.char(start + 1) === "/") return false;
        for (let end = start + 1; end < this.text.length; end += 1) {
            if (this.text[end] === "\\") end += 1;
            else if (this.text[end] === "/") {
                const flags = /^[imsx]*/.exec(this.text.slice(end + 1))?.[0] ?? "";
                if (!endsTerm(this.char(end + 1 + flags.length))) continue;
                term.values.push({ text: this.text.slice(start + 1, end), column: this.column(start) });
                term.flags = flags;
                this.at = end + 1 + flags.length;
                return true;
            }
        }
        return false;
    }

    private quoted(): string {
        const open = this.at;
        let out = "";
        for (this.at += 1; this.text[this.at] !== '"'; this.at += 1) {
            const next = this.text[this.at + 1];
            if (this.text[this.at] === "\\" && (next === '"' || next === "\\")) this.at += 1;
            if (this.at >= this.text.length) this.refuse("quote_open", open);
            out += this.text[this.at];
        }
        this.at += 1;
        return out;
    }

    private quotedValue(): string {
        const value = this.quoted();
        if (!endsTerm(this.char()) && this.char() !== ",") this.refuse("quote_end");
        return value;
    }

    /** A bare word; a "(" belongs to it if its ")" comes before the next space. */
    private word(stop = " "): string {
        const start = this.at;
        while (!endsTerm(this.char()) && this.char() !== stop) {
            const behind = this.char() === "(" ? this.behindBrackets() : this.at + 1;
            if (behind === 0) break;
            this.at = behind;
        }
        return this.text.slice(start, this.at);
    }

    private behindBrackets(): number {
        let depth = 0;
        for (let at = this.at; !isSpace(this.char(at)); at += 1) {
            if (this.text[at] === "(") depth += 1;
            else if (this.text[at] === ")") depth -= 1;
            if (depth === 0) return at + 1;
        }
        return 0;
    }

    // --- places ---

    private char(at = this.at): string {
        return this.text[at] ?? " ";
    }

    private atEnd(): boolean {
        while (this.at < this.text.length && isSpace(this.text[this.at] as string)) this.at += 1;
        return this.at === this.text.length;
    }

    private refuse(code: FilterErrorName, at = this.at): never {
        throw new FilterError(code, this.column(at));
    }

    private column(at: number): number {
        return [...this.text.slice(0, at)].length + 1;
    }

    private columnOfByte(byte: number): number {
        let bytes = 0;
        let column = 1;
        for (const c of this.text) {
            bytes += utf8Length(c);
            if (bytes > byte) break;
            column += 1;
        }
        return column;
    }
}

// SPDX-License-Identifier: MIT
//
// A filter as a tree, as it was written, and its canonical form (docs/filter-language.md).

export type Op = ":" | ":~" | ">" | ">=" | "<" | "<=";

export interface Value {
    text: string;
    column: number;
}

/** `key` "" is text of the message; then `op` is ":" or ":~". */
export interface Term {
    kind: "term";
    key: string;
    op: Op;
    flags: string;
    values: Value[];
    /** Where it stands in the text, for marking and replacing it. */
    from: number;
    to: number;
}

export type Expr = Term | { kind: "not"; of: Expr } | { kind: "and" | "or"; of: Expr[] };

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

function printTerm(term: Term): string {
    const { key, op, flags, values } = term;
    const head = key === "" ? "" : key + op;
    if (op !== ":~") return head + values.map((value) => quoted(value.text)).join(",");
    const pattern = values[0]?.text ?? "";
    return head + (key !== "" && flags === "" ? quoted(pattern) : `/${pattern}/${flags}`);
}

function printChild(parent: Expr, child: Expr): string {
    const text = printFilter(child);
    const brackets =
        parent.kind === "not" ? child.kind !== "term" : child.kind === "or" || (child.kind === "and" && parent.kind === "and");
    return brackets ? `(${text})` : text;
}

/** A text that parses to the same tree, with every value in quotes and no bracket too many. */
export function printFilter(expr: Expr | null): string {
    if (expr === null) return "";
    if (expr.kind === "term") return printTerm(expr);
    if (expr.kind === "not") return `-${printChild(expr, expr.of)}`;
    return expr.of.map((child) => printChild(expr, child)).join(expr.kind === "or" ? " OR " : " ");
}

// SPDX-License-Identifier: MIT
//
// How a row is set on the page, in whole characters and lines, so that nothing must be measured in
// the document: the columns in front of the message, the lines of a wrapped message, and the lines
// of an opened row.

import { cellsOf, cellsOfMessage, parseAnsi, wrapPieces, type Piece } from "./ansi.js";
import type { Column } from "./columns.js";
import { details, type Row } from "./record.js";
import { fullTime } from "./format.js";

export const WRAP_LINES = 8; // of a message in a row that is not opened
export const LINE_CELLS = 2_000; // of a message that is not wrapped
const DETAIL_LINES = 400;
const GAP = 2; // between columns
const KEY_CELLS = 16;

export interface Grid {
    narrow: boolean; // a telephone: short time, no further columns
    wrap: boolean;
    fold: boolean; // traces
    /** What stands before the message, from left to right. */
    fields: readonly Column[];
    gutter: number; // columns of text before the message
    columns: number; // columns of text of the message
    detailColumns: number;
    utc: boolean;
    /** Times as what has passed since the row before. */
    delta: boolean;
}

export interface Wanted {
    wrap: boolean;
    fold: boolean;
    utc: boolean;
    delta: boolean;
    fields: readonly Column[];
}

export function gridFor(cells: number, narrow: boolean, wanted: Wanted): Grid {
    const fields = narrow ? [] : wanted.fields;
    const gutter = narrow ? 9 : fields.reduce((sum, { width }) => sum + width + GAP, 0);
    return {
        ...wanted,
        narrow,
        fields,
        gutter,
        columns: Math.max(20, cells - gutter),
        detailColumns: Math.max(16, cells - 4),
    };
}

/** Text of others in a place of ours: a name, a key. */
export function safeText(text: string): string {
    return parseAnsi(text)
        .map((piece) => piece.text)
        .join("");
}

/** Text made exactly `width` columns wide, with what separates it from the next. */
export function cellText(value: string, width: number): string {
    const text = safeText(value);
    const cells = cellsOf(text);
    if (cells <= width) return text + " ".repeat(width - cells + GAP);
    const start = wrapPieces([{ text, style: null, mark: false }], width - 1, 1);
    let cut = (start[0] ?? []).map((piece) => piece.text).join("");
    if (cellsOf(cut) >= width) cut = [...cut].slice(0, -1).join(""); // a wide character at the edge
    return `${cut}…${" ".repeat(Math.max(0, width - 1 - cellsOf(cut)) + GAP)}`;
}

export function messageLines(row: Row, grid: Grid): number {
    if (!grid.wrap) return 1;
    if (row.cells < 0) row.cells = cellsOfMessage(row.message);
    return Math.min(WRAP_LINES, Math.max(1, Math.ceil(row.cells / grid.columns)));
}

export interface DetailLine {
    key: string; // "" in the second and further lines of a value
    keyCells: number;
    pieces: readonly Piece[];
    /** What a filter could ask for: the member of the record that this line begins; else null. */
    member: { key: string; value: string } | null;
}

function linesOfText(text: string, columns: number, limit: number): Piece[][] {
    const lines: Piece[][] = [];
    for (const line of text.split("\n")) {
        if (lines.length >= limit) break;
        lines.push(...wrapPieces(parseAnsi(line), columns, limit - lines.length));
    }
    return lines;
}

/** Whether the row shows its whole message already when it is not opened. */
function isWhole(row: Row, grid: Grid): boolean {
    return !row.message.includes("\n") && cellsOfMessage(row.message) <= grid.columns;
}

/** The reader's own time, where it is not the one the record gives. */
function localTime(row: Row, grid: Grid): string {
    const here = !grid.utc && !Number.isNaN(row.time) && new Date(row.time).getTimezoneOffset() !== 0;
    return here ? `  ${fullTime(row.time)}` : "";
}

/** Keys that a filter can name, and whose value one would look for. */
function canBeAsked(key: string): boolean {
    return /^[A-Za-z_][\w.]*$/.test(key) && !["id", "timestamp", "cont", "type"].includes(key);
}

/** Everything about a row, one entry per line on the page. */
export function detailLines(row: Row, grid: Grid): DetailLine[] {
    const columns = grid.detailColumns;
    const lines: DetailLine[] = [];
    const add = (key: string, text: string, keyCells: number, member: DetailLine["member"]): void => {
        const room = DETAIL_LINES - lines.length;
        linesOfText(text, Math.max(8, columns - keyCells), room).forEach((pieces, i) =>
            lines.push({ key: i === 0 ? key : "", keyCells, pieces, member: i === 0 ? member : null }),
        );
    };
    if (!isWhole(row, grid)) add("", row.message, 0, null);
    const members = details(row);
    const widest = Math.max(9, ...members.map((m) => cellsOf(safeText(m.key)) + 2));
    const keyCells = Math.min(widest, grid.narrow ? KEY_CELLS : 2 * KEY_CELLS);
    for (const member of members) {
        const local = member.key === "timestamp" ? localTime(row, grid) : "";
        const asked = canBeAsked(member.key) ? member : null;
        add(safeText(member.key), member.value + local, keyCells, asked);
    }
    return lines;
}

// SPDX-License-Identifier: MIT
//
// What part of the rows is on the screen. It mirrors the ring of shown rows as numbers of lines,
// remembers which rows are opened and which one has the focus, and where the reader is: as the row
// at the upper edge, so that the place survives when rows are replaced or set anew.

import { Folds, REACH } from "./folds.js";
import { detailLines, messageLines, type DetailLine, type Grid } from "./layout.js";
import { LineIndex, windowOf, type Window } from "./lines.js";
import type { Model } from "./model.js";
import type { Row } from "./record.js";

const OVERSCAN = 4;
const PAUSE_LINES = 3;
/** Lines an opened row takes beside its details: the one with its buttons. */
const DETAIL_FRAME = 1;

export class ListView {
    readonly index = new LineIndex();
    active: Row | null = null;
    /** Where a choice of several rows began: it reaches to the active one. Null when there is none. */
    anchor: Row | null = null;
    focusWanted = false; // the active row is to get the focus when it has been drawn
    top = 0; // pixels above the upper edge
    height = 0;
    linePx = 20;
    grid: Grid | null = null;
    readonly folds = new Folds();

    private generation = -1;
    private readonly opened = new Map<Row, DetailLine[]>();
    private edge: { id: number; offset: number } | null = null;

    constructor(private readonly model: Model) {}

    /** Pixels of all rows; while paused with room for the bar that lies over the last ones. */
    get total(): number {
        const lines = this.index.total + (this.model.pause ? PAUSE_LINES : 0);
        return lines * this.linePx;
    }

    get lowest(): number {
        return Math.max(0, this.total - this.height);
    }

    /** Takes over what happened to the rows and returns what to draw. Sets `top`. */
    update(grid: Grid, linePx: number, height: number): Window {
        if (linePx !== this.linePx && this.edge) this.edge.offset *= linePx / this.linePx;
        const anew = grid !== this.grid || linePx !== this.linePx || this.generation !== this.model.generation || grid.fold !== this.folds.folded;
        this.folds.folded = grid.fold;
        this.grid = grid;
        this.linePx = linePx;
        this.height = height;
        if (anew) this.rebuild();
        else this.catchUp();
        if (!this.model.pause) this.top = this.lowest;
        this.top = Math.min(Math.max(0, this.top), this.lowest);
        this.rememberEdge();
        return windowOf(this.index, this.top, height, linePx, OVERSCAN);
    }

    scrolledTo(top: number): void {
        this.top = Math.min(Math.max(0, top), this.lowest);
        this.rememberEdge();
    }

    atEnd(): boolean {
        return this.top >= this.lowest - 2;
    }

    detailsOf(row: Row): DetailLine[] | null {
        return this.opened.get(row) ?? null;
    }

    toggle(row: Row): void {
        if (this.opened.has(row)) this.opened.delete(row);
        else this.opened.set(row, detailLines(row, this.grid as Grid));
        const seq = this.seqOf(row);
        if (seq !== null) this.index.set(seq, this.linesOf(row));
    }

    /** Shows or hides the further lines of the trace that a row belongs to. */
    toggleFold(row: Row): void {
        const head = this.folds.headOf(row) ?? row;
        const first = this.seqOf(head);
        if (first === null || this.folds.count(head) === 0) return;
        this.folds.toggle(head);
        let left = this.folds.count(head);
        for (let seq = first + 1; seq < this.index.end && left > 0; seq += 1) {
            const further = this.model.shown.at(seq) as Row;
            if (this.folds.headOf(further) !== head) continue;
            this.index.set(seq, this.linesOf(further));
            left -= 1;
        }
        if (this.active && this.folds.hides(this.active)) this.active = head;
    }

    /** Makes a row the active one; with `extend` a choice of several reaches to it, else there is none. */
    activate(row: Row, extend = false): void {
        this.anchor = extend ? (this.anchor ?? this.active ?? row) : null;
        this.active = row;
    }

    /** The rows that are chosen, as numbers; null when there are not several. */
    get chosen(): { first: number; last: number } | null {
        const from = this.anchor && this.seqOf(this.anchor);
        const to = this.active && this.seqOf(this.active);
        if (from === null || to === null || from === to) return null;
        return { first: Math.min(from, to), last: Math.max(from, to) };
    }

    /** What is copied with a row: all chosen ones when it is one of them; and what is folded under the last. */
    copied(row: Row): Row[] {
        const { chosen, model } = this;
        const seq = this.seqOf(row);
        if (!chosen || seq === null || seq < chosen.first || seq > chosen.last) return this.withFolded(row);
        const rows: Row[] = [];
        for (let at = chosen.first; at < chosen.last; at += 1) rows.push(model.shown.at(at) as Row);
        return rows.concat(this.withFolded(model.shown.at(chosen.last) as Row));
    }

    /** A row and, when it is the first of a trace, what is folded under it. */
    withFolded(row: Row): Row[] {
        const rows = [row];
        let left = this.folds.isFolded(row) ? this.folds.count(row) : 0;
        for (let seq = (this.seqOf(row) ?? 0) + 1; left > 0 && seq < this.model.shown.end; seq += 1) {
            const further = this.model.shown.at(seq) as Row;
            if (this.folds.headOf(further) !== row) continue;
            rows.push(further);
            left -= 1;
        }
        return rows;
    }

    seqOf(row: Row): number | null {
        const { shown } = this.model;
        let seq = shown.lowerBound((other) => other.id < row.id);
        for (; shown.at(seq)?.id === row.id; seq += 1) if (shown.at(seq) === row) return seq;
        return null;
    }

    /** The next row in direction `step` that passes; null when there is none. */
    find(step: 1 | -1, passes: (row: Row) => boolean): Row | null {
        const { shown } = this.model;
        for (let seq = this.start(step); seq >= shown.first && seq < shown.end; seq += step)
            if (this.index.get(seq) > 0 && passes(shown.at(seq) as Row)) return shown.at(seq) as Row;
        return null;
    }

    /** A search goes on from the active row while that is on the screen, else from its edge. */
    private start(step: 1 | -1): number {
        const first = this.index.rowAt(Math.ceil(this.top / this.linePx));
        const last = this.index.rowAt(Math.floor((this.top + this.height) / this.linePx) - 1);
        const seq = this.active && this.seqOf(this.active);
        if (seq !== null && seq >= first && seq <= last) return seq + step;
        return step > 0 ? first : last;
    }

    /** Scrolls as little as brings the row onto the screen, with `margin` lines around it. */
    reveal(row: Row, margin: number): void {
        const seq = this.seqOf(row);
        if (seq === null) return;
        const upper = (this.index.before(seq) - margin) * this.linePx;
        const lower = (this.index.before(seq) + this.index.get(seq) + margin) * this.linePx;
        if (upper < this.top) this.top = Math.max(0, upper);
        else if (lower > this.top + this.height)
            this.top = Math.min(this.lowest, Math.min(upper, lower - this.height));
        this.rememberEdge();
    }

    /** Scrolls so that the row lies in the middle. */
    centre(row: Row): void {
        const seq = this.seqOf(row);
        if (seq === null) return;
        const middle = (this.index.before(seq) + this.index.get(seq) / 2) * this.linePx;
        this.top = Math.min(this.lowest, Math.max(0, middle - this.height / 2));
        this.rememberEdge();
    }

    /** How much lies above and below what is on the screen, in screens. */
    get room(): { above: number; below: number } {
        const height = Math.max(1, this.height);
        return { above: this.top / height, below: (this.lowest - this.top) / height };
    }

    rowWithId(id: number): Row | null {
        const { shown } = this.model;
        let seq = shown.lowerBound((row) => row.id < id);
        while (shown.at(seq)?.id === id && shown.at(seq)?.notice) seq += 1;
        const row = shown.at(seq);
        return row?.id === id ? row : null;
    }

    /** Scrolls down until the end of the row is on the screen, but not its start off it. */
    revealEnd(row: Row, margin: number): void {
        const seq = this.seqOf(row);
        if (seq === null) return;
        const upper = this.index.before(seq) * this.linePx;
        const lower = upper + (this.index.get(seq) + margin) * this.linePx;
        const wanted = Math.min(upper, lower - this.height, this.lowest);
        this.top = Math.max(this.top, wanted);
        this.rememberEdge();
    }

    private linesOf(row: Row): number {
        if (this.folds.hides(row)) return 0;
        const opened = this.opened.get(row);
        const grid = this.grid as Grid;
        const button = grid.wrap && this.folds.count(row) > 0 ? 1 : 0; // of its trace: the line before it is full
        return messageLines(row, grid) + button + (opened ? opened.length + DETAIL_FRAME : 0);
    }

    /** Finds out which trace a row continues. */
    private place(seq: number): void {
        const { shown } = this.model;
        this.folds.place(shown, seq);
        const head = this.folds.headOf(shown.at(seq) as Row);
        const first = head && this.folds.count(head) === 1 ? this.seqOf(head) : null;
        if (head && first !== null) this.index.set(first, this.linesOf(head));
    }

    private rebuild(): void {
        const { shown } = this.model;
        this.generation = this.model.generation;
        const opened = [...this.opened.keys()].map((row) => this.successor(row));
        this.opened.clear();
        for (const row of opened) if (row) this.opened.set(row, detailLines(row, this.grid as Grid));
        if (this.active) this.active = this.successor(this.active);
        if (this.anchor) this.anchor = this.successor(this.anchor);
        this.index.reset(shown.first);
        shown.forEach((row, seq) => {
            if (row.cont) this.place(seq);
            this.index.push(this.linesOf(row));
        });
        if (this.edge) {
            const { id, offset } = this.edge;
            const seq = shown.lowerBound((row) => row.id < id);
            this.top = this.index.before(seq) * this.linePx + offset;
        }
    }

    /** The row itself, or the one of the same record after rows were replaced. */
    private successor(row: Row): Row | null {
        if (this.seqOf(row) !== null) return row;
        return row.notice ? null : this.rowWithId(row.id);
    }

    private catchUp(): void {
        const { shown } = this.model;
        if (shown.first >= this.index.end) this.index.reset(shown.first);
        const before = this.index.total;
        this.growUp();
        this.top += (this.index.total - before) * this.linePx;
        this.top -= this.index.before(shown.first) * this.linePx;
        this.trimUp();
        this.index.cutFrom(shown.end);
        while (this.index.end < shown.end) {
            const row = shown.at(this.index.end) as Row;
            if (row.cont) this.place(this.index.end);
            this.index.push(this.linesOf(row));
        }
        if (this.opened.size === 0) return;
        for (const row of this.opened.keys()) if (this.seqOf(row) === null) this.opened.delete(row);
    }

    /** Rows that came before the first one; lines that continue one of them find it now. */
    private growUp(): void {
        const { shown } = this.model;
        const old = this.index.first;
        if (shown.first >= old) return;
        const end = Math.min(shown.end, this.index.end, old + REACH);
        for (let seq = shown.first; seq < end; seq += 1) this.place(seq);
        for (let seq = old - 1; seq >= shown.first; seq -= 1) this.index.unshift(this.linesOf(shown.at(seq) as Row));
        for (let seq = old; seq < end; seq += 1) this.index.set(seq, this.linesOf(shown.at(seq) as Row));
    }

    /** Rows that have gone; what was folded under them is seen again. */
    private trimUp(): void {
        const { shown } = this.model;
        if (shown.first <= this.index.first) return;
        this.index.trimTo(shown.first);
        const end = Math.min(shown.end, this.index.end, shown.first + REACH);
        for (let seq = shown.first; seq < end; seq += 1) {
            const row = shown.at(seq) as Row;
            const head = this.folds.headOf(row);
            if (!head || this.seqOf(head) !== null) continue;
            this.folds.orphan(row);
            this.index.set(seq, this.linesOf(row));
        }
    }

    private rememberEdge(): void {
        const seq = this.index.rowAt(Math.floor(this.top / this.linePx));
        const row = this.model.shown.at(seq);
        const offset = this.top - this.index.before(seq) * this.linePx;
        this.edge = row ? { id: row.id, offset } : null;
    }
}

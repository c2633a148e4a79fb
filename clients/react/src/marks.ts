// SPDX-License-Identifier: MIT
//
// Where along the rows warnings and errors are, for the ticks beside the scroll bar. The worst level
// is kept for every SPAN rows, so a million rows are some ten thousand numbers, and only new rows
// are looked at.

import type { LineIndex } from "./lines.js";
import type { Model } from "./model.js";
import { WARN, type Row } from "./record.js";

const SPAN = 32;

export class Marks {
    private worst = new Map<number, number>(); // by seq / SPAN; in this order, once sorted() was asked for
    private newest = Number.NEGATIVE_INFINITY; // the span that was added last
    private isSorted = true;
    private generation = -1;
    private first = 0;
    private end = 0;

    constructor(private readonly model: Model) {}

    /** Takes over what happened to the rows. */
    update(): void {
        const { shown, generation } = this.model;
        if (generation !== this.generation || shown.first >= this.end || shown.end < this.end) {
            this.worst.clear();
            this.newest = Number.NEGATIVE_INFINITY;
            this.isSorted = true;
            this.generation = generation;
            this.first = this.end = shown.first;
        }
        for (let seq = shown.first; seq < this.first; seq += 1) this.look(seq, shown.at(seq) as Row);
        for (let seq = this.end; seq < shown.end; seq += 1) this.look(seq, shown.at(seq) as Row);
        if (shown.first > this.first)
            for (const span of this.sorted().keys()) {
                if ((span + 1) * SPAN > shown.first) break;
                this.worst.delete(span);
            }
        this.first = shown.first;
        this.end = shown.end;
    }

    private look(seq: number, row: Row): void {
        if (row.level < WARN || row.notice) return;
        const span = Math.floor(seq / SPAN);
        const known = this.worst.get(span);
        if (known === undefined) {
            if (span < this.newest) this.isSorted = false;
            this.newest = span;
        }
        if ((known ?? 0) < row.level) this.worst.set(span, row.level);
    }

    /** Rows come at the end, so that they are in order already; those of the past come in front. */
    private sorted(): Map<number, number> {
        if (!this.isSorted) this.worst = new Map([...this.worst].sort(([a], [b]) => a - b));
        this.isSorted = true;
        return this.worst;
    }

    /** The worst level in each of `height` equal parts of all lines; 0 where all is well. */
    ticks(index: LineIndex, height: number): Uint8Array {
        const ticks = new Uint8Array(height);
        if (index.total === 0) return ticks;
        const lineOf = index.cursor();
        for (const [span, level] of this.sorted()) {
            const y = Math.min(height - 1, Math.floor((lineOf(span * SPAN) / index.total) * height));
            ticks[y] = Math.max(ticks[y] as number, level);
        }
        return ticks;
    }
}

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
    private worst = new Map<number, number>(); // by seq / SPAN
    private generation = -1;
    private first = 0;
    private end = 0;

    constructor(private readonly model: Model) {}

    /** Takes over what happened to the rows. */
    update(): void {
        const { shown, generation } = this.model;
        if (generation !== this.generation || shown.first >= this.end || shown.end < this.end) {
            this.worst.clear();
            this.generation = generation;
            this.first = this.end = shown.first;
        }
        for (let seq = shown.first; seq < this.first; seq += 1) this.look(seq, shown.at(seq) as Row);
        for (let seq = this.end; seq < shown.end; seq += 1) this.look(seq, shown.at(seq) as Row);
        if (shown.first > this.first)
            for (const span of this.worst.keys()) if ((span + 1) * SPAN <= shown.first) this.worst.delete(span);
        this.first = shown.first;
        this.end = shown.end;
    }

    private look(seq: number, row: Row): void {
        if (row.level < WARN || row.notice) return;
        const span = Math.floor(seq / SPAN);
        if ((this.worst.get(span) ?? 0) < row.level) this.worst.set(span, row.level);
    }

    /** The worst level in each of `height` equal parts of all lines; 0 where all is well. */
    ticks(index: LineIndex, height: number): Uint8Array {
        const ticks = new Uint8Array(height);
        if (index.total === 0) return ticks;
        const lineOf = index.cursor();
        for (const span of [...this.worst.keys()].sort((a, b) => a - b)) {
            const level = this.worst.get(span) as number;
            const y = Math.min(height - 1, Math.floor((lineOf(span * SPAN) / index.total) * height));
            ticks[y] = Math.max(ticks[y] as number, level);
        }
        return ticks;
    }
}

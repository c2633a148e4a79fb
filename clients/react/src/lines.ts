// SPDX-License-Identifier: MIT
//
// How many text lines each row takes, and the two questions a virtual list asks: on which line does
// a row start, and which row is on a line. Rows come and go at both ends. Sums
// are kept per block, so each answer looks at a few hundred numbers however many rows there are.

const BLOCK = 256;

interface Block {
    lines: Uint16Array;
    sum: number;
}

export class LineIndex {
    private blocks: Block[] = [];
    private base = 0; // number of the block blocks[0]
    first = 0;
    end = 0;
    total = 0;

    reset(first: number): void {
        this.blocks = [];
        this.base = Math.floor(first / BLOCK);
        this.first = first;
        this.end = first;
        this.total = 0;
    }

    push(lines: number): void {
        const number = Math.floor(this.end / BLOCK) - this.base;
        const block = (this.blocks[number] ??= { lines: new Uint16Array(BLOCK), sum: 0 });
        block.lines[this.end % BLOCK] = lines;
        block.sum += lines;
        this.total += lines;
        this.end += 1;
    }

    unshift(lines: number): void {
        const number = Math.floor((this.first - 1) / BLOCK);
        if (number < this.base || this.blocks.length === 0) {
            this.blocks.unshift({ lines: new Uint16Array(BLOCK), sum: 0 });
            this.base = number;
        }
        this.first -= 1;
        const block = this.block(this.first);
        block.lines[this.first % BLOCK] = lines;
        block.sum += lines;
        this.total += lines;
    }

    get(seq: number): number {
        if (seq < this.first || seq >= this.end) return 0;
        return this.block(seq).lines[seq % BLOCK] as number;
    }

    set(seq: number, lines: number): void {
        if (seq < this.first || seq >= this.end) return;
        const block = this.block(seq);
        const change = lines - (block.lines[seq % BLOCK] as number);
        block.lines[seq % BLOCK] = lines;
        block.sum += change;
        this.total += change;
    }

    trimTo(first: number): void {
        const to = Math.min(first, this.end);
        for (; this.first < to; this.first += 1) this.set(this.first, 0);
        const passed = Math.floor(this.first / BLOCK) - this.base;
        this.blocks.splice(0, passed);
        this.base += passed;
    }

    cutFrom(end: number): void {
        const to = Math.max(end, this.first);
        for (; this.end > to; this.end -= 1) this.set(this.end - 1, 0);
    }

    /** The line on which row `seq` starts; total for rows past the end. */
    before(seq: number): number {
        const to = Math.min(Math.max(seq, this.first), this.end);
        if (to === this.end) return this.total;
        const number = Math.floor(to / BLOCK) - this.base;
        let sum = this.beforeBlock(number);
        const lines = (this.blocks[number] as Block).lines;
        for (let i = 0; i < to % BLOCK; i += 1) sum += lines[i] as number;
        return sum;
    }

    /** before() for rows in rising order, which together cost one pass over the blocks. */
    cursor(): (seq: number) => number {
        let number = 0;
        let sum = 0;
        return (seq) => {
            const to = Math.min(Math.max(seq, this.first), this.end);
            const wanted = Math.min(Math.floor(to / BLOCK) - this.base, this.blocks.length);
            for (; number < wanted; number += 1) sum += (this.blocks[number] as Block).sum;
            const { lines } = this.blocks[number] ?? { lines: null };
            let within = 0;
            if (lines) for (let i = 0; i < to % BLOCK; i += 1) within += lines[i] as number;
            return sum + within;
        };
    }

    /** The row that covers `line`; the last row when there are fewer lines. */
    rowAt(line: number): number {
        if (this.end === this.first) return this.first;
        const wanted = Math.max(0, line);
        if (wanted >= this.total) return this.end - 1;
        let { i, sum } = this.start(wanted);
        for (; sum + (this.blocks[i] as Block).sum <= wanted; i += 1) sum += (this.blocks[i] as Block).sum;
        const { lines } = this.blocks[i] as Block;
        let at = 0;
        for (; sum + (lines[at] as number) <= wanted; at += 1) sum += lines[at] as number;
        return Math.max(this.first, (this.base + i) * BLOCK + at);
    }

    /** A block that starts on `line` or before it, and where: the nearest from the end, where readers are most. */
    private start(line: number): { i: number; sum: number } {
        if (line < this.total / 2) return { i: 0, sum: 0 };
        let i = this.blocks.length;
        let sum = this.total;
        while (sum > line) sum -= (this.blocks[(i -= 1)] as Block).sum;
        return { i, sum };
    }

    /** Lines of all blocks before this one, added up from the nearer end. */
    private beforeBlock(number: number): number {
        const { blocks } = this;
        const sumOf = (from: number, to: number): number => {
            let sum = 0;
            for (let i = from; i < to; i += 1) sum += (blocks[i] as Block).sum;
            return sum;
        };
        return number <= blocks.length / 2 ? sumOf(0, number) : this.total - sumOf(number, blocks.length);
    }

    private block(seq: number): Block {
        return this.blocks[Math.floor(seq / BLOCK) - this.base] as Block;
    }
}

export interface Window {
    from: number; // first row to draw
    to: number; // one past the last
}

/** The rows that touch the pixels [top, top + height), and `overscan` more on each side. */
export function windowOf(
    index: LineIndex,
    top: number,
    height: number,
    linePx: number,
    overscan: number,
): Window {
    if (index.end === index.first) return { from: index.first, to: index.first };
    const from = index.rowAt(Math.floor(Math.max(0, top) / linePx));
    const last = index.rowAt(Math.floor((Math.max(0, top) + Math.max(1, height) - 1) / linePx));
    return {
        from: Math.max(index.first, from - overscan),
        to: Math.min(index.end, last + 1 + overscan),
    };
}

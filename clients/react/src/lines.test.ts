// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { LineIndex, windowOf } from "./lines.js";

describe("LineIndex", () => {
    it("answers like a plain array under random operations", () => {
        let state = 3;
        const next = (max: number): number => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            return Math.floor((state / 2 ** 32) * max);
        };
        const index = new LineIndex();
        index.reset(1000);
        const lines = new Map<number, number>();
        let [first, end] = [1000, 1000];
        for (let round = 0; round < 4000; round += 1) {
            for (let i = next(6); i > 0; i -= 1) {
                const n = 1 + next(9);
                index.push(n);
                lines.set(end, n);
                end += 1;
            }
            if (next(3) === 0) {
                first = Math.min(end, first + next(12));
                index.trimTo(first);
            }
            if (next(9) === 0 && end > first) {
                const seq = first + next(end - first);
                index.set(seq, 1 + next(40));
                lines.set(seq, index.get(seq));
            }
            if (next(200) === 0) {
                end = Math.max(first, end - next(300));
                index.cutFrom(end);
            }
            let line = 0;
            const probe = first + next(end - first + 1);
            for (let seq = first; seq < probe; seq += 1) line += lines.get(seq) as number;
            expect(index.before(probe)).toBe(line);
            if (probe < end) {
                const inside = next(lines.get(probe) as number);
                expect(index.rowAt(line + inside)).toBe(probe);
            }
        }
        expect(end - first).toBeGreaterThan(500);
        expect(index.rowAt(index.total + 5)).toBe(end - 1);
    });

    it("is the first row for an empty list", () => {
        const index = new LineIndex();
        index.reset(42);
        expect([index.rowAt(0), index.before(42), index.total]).toEqual([42, 0, 0]);
    });
});

describe("windowOf", () => {
    const index = new LineIndex();
    index.reset(100);
    for (let i = 0; i < 1000; i += 1) index.push(i === 5 ? 10 : 1);

    it("covers the screen and its overscan", () => {
        expect(windowOf(index, 400 + 9 * 20, 100, 20, 2)).toEqual({ from: 118, to: 127 });
    });

    it("counts rows that are visible in part", () => {
        expect(windowOf(index, 30, 20, 20, 0)).toEqual({ from: 101, to: 103 });
    });

    it("keeps a tall row while any line of it is on the screen", () => {
        expect(windowOf(index, 20 * 14, 20, 20, 0)).toEqual({ from: 105, to: 106 });
    });

    it("stays within the list at both ends", () => {
        expect(windowOf(index, -50, 40, 20, 3)).toEqual({ from: 100, to: 105 });
        expect(windowOf(index, 1e9, 40, 20, 3)).toEqual({ from: 1096, to: 1100 });
    });
});

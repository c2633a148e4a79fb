// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { FIRST_SEQ, Ring } from "./ring.js";

function random(seed: number): () => number {
    let state = seed;
    return () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
}

describe("Ring", () => {
    it("forgets the oldest when full and keeps sequence numbers", () => {
        const ring = new Ring<string>(3);
        for (const text of ["a", "b", "c", "d"]) ring.push(text);
        expect([ring.first, ring.end, ring.length]).toEqual([FIRST_SEQ + 1, FIRST_SEQ + 4, 3]);
        expect([0, 1, 3, 4].map((n) => ring.at(FIRST_SEQ + n))).toEqual([
            undefined,
            "b",
            "d",
            undefined,
        ]);
    });

    it("behaves like a plain array under random operations", () => {
        const next = random(1);
        const ring = new Ring<number>(17);
        let model: number[] = [];
        let first = FIRST_SEQ;
        for (let i = 0; i < 20000; i += 1) {
            const dice = next();
            if (dice < 0.1) {
                const fits = ring.unshift(i);
                expect(fits).toBe(model.length < 17);
                if (fits) {
                    model.unshift(i);
                    first -= 1;
                }
            } else if (dice < 0.8) {
                ring.push(i);
                model.push(i);
                if (model.length > 17) {
                    model.shift();
                    first += 1;
                }
            } else if (dice < 0.9) {
                const cut = Math.floor(next() * 4);
                ring.trimTo(ring.first + cut);
                first += Math.min(cut, model.length);
                model = model.slice(cut);
            } else {
                const keep = Math.floor(next() * (model.length + 1));
                ring.cutFrom(ring.first + keep);
                model = model.slice(0, keep);
            }
            expect(ring.first).toBe(first);
            const items: number[] = [];
            ring.forEach((item) => items.push(item));
            expect(items).toEqual(model);
        }
    });

    it("finds the first item that is not before", () => {
        const ring = new Ring<number>(8);
        for (let i = 0; i < 11; i += 1) ring.push(i * 10);
        expect(ring.lowerBound((n) => n < 55)).toBe(FIRST_SEQ + 6);
        expect(ring.lowerBound((n) => n < 0)).toBe(FIRST_SEQ + 3);
        expect(ring.lowerBound((n) => n < 999)).toBe(FIRST_SEQ + 11);
    });
});

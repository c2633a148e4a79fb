// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { rowOf, type Row } from "./record.js";
import { placesWithin, withUnread } from "./unread.js";

const row = (id: number): Row =>
    rowOf({ id, timestamp: "2026-01-15T10:00:00.000000Z", level: "info", stream: "stdout", message: `line ${id}` });
const said = (rows: readonly Row[]): string[] => rows.map((r) => (r.notice ? `${r.lost} lost` : String(r.id)));

describe("lines that could not be read", () => {
    const place = { first_id: 3, last_id: 6, count: 2 };

    it("are said where they begin, with their ids", () => {
        const rows = withUnread([1, 2, 4, 6, 7].map(row), [place]);
        expect(said(rows)).toEqual(["1", "2", "2 lost", "4", "6", "7"]);
        expect(rows[2]?.message).toMatch(/^2 lines could not be read here \(ids 3 to 6\)/);
        expect(rows[2]?.id).toBe(2);
    });

    it("are said once, further up when more is loaded", () => {
        const less = withUnread([4, 6, 7].map(row), [place]);
        expect(said(less)).toEqual(["2 lost", "4", "6", "7"]);
        expect(less[0]?.id).toBe(4);
        expect(said(withUnread([row(1), row(2), ...less], [place]))).toEqual(["1", "2", "2 lost", "4", "6", "7"]);
    });

    it("are said behind the last line, and where nothing else is", () => {
        expect(said(withUnread([row(1)], [place]))).toEqual(["1", "2 lost"]);
        expect(said(withUnread([], [place]))).toEqual(["2 lost"]);
    });

    it("are of no interest where the rows do not reach them", () => {
        const others = [{ first_id: 90, last_id: 99, count: 10 }, place];
        expect(placesWithin(others, 5, 80)).toEqual([place]);
        expect(placesWithin(others, 0, Infinity)).toEqual([place, others[0]]);
    });
});

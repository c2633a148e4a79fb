// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import type { Notice } from "@logmill/client";
import { lossesIn } from "./losses.js";
import { noticeRow, remark } from "./record.js";

const START = Date.parse("2026-01-15T10:00:00Z");
const at = (second: number): string => new Date(START + 1000 * second).toISOString();
const notice = (type: string, second: number, count: number | null): ReturnType<typeof noticeRow> =>
    noticeRow({ type, timestamp: at(second), count, from: 1, to: 9, level: "warn", message: "" } as unknown as Notice, 5);

describe("where lines are missing", () => {
    const starts = [0, 10, 20].map((second) => START + 1000 * second);

    it("is summed up by bar; how many, where somebody knows", () => {
        const rows = [notice("dropped", 1, 5), notice("dropped", 9, 2), notice("gap", 12, null)];
        expect([...lossesIn(rows, starts, 10_000)]).toEqual([
            [0, 7],
            [1, 0],
        ]);
    });

    it("is neither what lies outside nor a mere remark", () => {
        const rows = [notice("dropped", -1, 5), notice("dropped", 30, 5), remark("a word", 5, START)];
        expect(lossesIn(rows, starts, 10_000).size).toBe(0);
    });
});

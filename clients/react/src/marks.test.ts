// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import type { LogMessage } from "@logmill/client";
import { LineIndex } from "./lines.js";
import { Marks } from "./marks.js";
import { Model } from "./model.js";
import { ERROR, rowOf, WARN } from "./record.js";

const record = (id: number, level: LogMessage["level"] = "info"): LogMessage => ({
    id,
    timestamp: "2026-01-15T10:00:00.000000Z",
    level,
    stream: "stdout",
    message: "",
});

/** The lines of the rows as they are now, one each. */
function indexOf(model: Model): LineIndex {
    const index = new LineIndex();
    index.reset(model.shown.first);
    model.shown.forEach(() => index.push(1));
    return index;
}

const ticks = (model: Model, marks: Marks): number[] => {
    marks.update();
    return [...marks.ticks(indexOf(model), 10)];
};

describe("marks", () => {
    it("stand where the worst rows are, also after rows came in front and went", () => {
        const model = new Model(2_000);
        const marks = new Marks(model);
        const level = (id: number): LogMessage["level"] => (id === 1_150 ? "error" : id === 1_950 ? "warn" : "info");
        model.rows(Array.from({ length: 1_000 }, (_, i) => rowOf(record(1_001 + i, level(1_001 + i)))));
        expect(ticks(model, marks)).toEqual([0, ERROR, 0, 0, 0, 0, 0, 0, 0, WARN]);
        model.stopFollowing();
        model.prepend(Array.from({ length: 1_000 }, (_, i) => record(1 + i, i === 50 ? "error" : "info")));
        expect(ticks(model, marks)).toEqual([ERROR, 0, 0, 0, 0, ERROR, 0, 0, 0, WARN]);
        model.follow();
        model.rows(Array.from({ length: 1_000 }, (_, i) => rowOf(record(2_001 + i))));
        const now = ticks(model, marks);
        expect(now.filter((worst) => worst === ERROR)).toHaveLength(1);
        expect(now.filter((worst) => worst === WARN)).toHaveLength(1);
    });
});

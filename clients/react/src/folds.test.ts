// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { COLUMNS } from "./columns.js";
import { EVERYTHING } from "./filter.js";
import { gridFor } from "./layout.js";
import { Marks } from "./marks.js";
import { Model } from "./model.js";
import { rowOf, type Row } from "./record.js";
import { ListView } from "./view.js";

const WANTED = { wrap: false, fold: true, utc: true, delta: false, fields: COLUMNS };
const FOLDED = gridFor(120, false, WANTED);
const OPEN = gridFor(120, false, { ...WANTED, fold: false });

/** Letters stand for lines: T begins a trace, + goes on with it, x is of another source. */
function setup(lines: string, keep = 10_000): { model: Model; view: ListView; add(more: string): void; back(more: string): void } {
    const model = new Model(keep);
    model.expectFresh(EVERYTHING);
    let last = 1000;
    const record = (letter: string, id: number): object => ({
        id,
        level: letter === "x" ? "info" : "error",
        source: letter === "x" ? "other" : "app",
        message: letter,
        cont: letter === "+",
    });
    const add = (more: string): void => model.rows([...more].map((letter) => rowOf(record(letter, ++last) as never)));
    const back = (more: string): void =>
        model.prepend([...more].map((letter, i) => record(letter, 1000 - more.length + i + 1) as never));
    add(lines);
    return { model, view: new ListView(model), add, back };
}

const seen = (view: ListView, model: Model, grid = FOLDED): string => {
    view.update(grid, 20, 400);
    let text = "";
    model.shown.forEach((row, seq) => {
        if (view.index.get(seq) > 0) text += row.message;
    });
    return text;
};

const rowAt = (model: Model, i: number): Row => model.shown.at(model.shown.first + i) as Row;

describe("stack traces", () => {
    it("show their first line, also between the lines of others", () => {
        const { model, view } = setup("xT+x++xT+");
        expect(seen(view, model)).toBe("xTxxT");
        expect([view.folds.count(rowAt(model, 1)), view.folds.count(rowAt(model, 7))]).toEqual([3, 1]);
        expect(seen(view, model, OPEN)).toBe("xT+x++xT+");
    });

    it("open one by one, and give their text whole", () => {
        const { model, view } = setup("T++T+");
        seen(view, model);
        expect(view.withFolded(rowAt(model, 0)).map((row) => row.message).join("")).toBe("T++");
        view.toggleFold(rowAt(model, 1));
        expect(seen(view, model)).toBe("T++T");
        expect(view.withFolded(rowAt(model, 0)).length).toBe(1);
        view.toggleFold(rowAt(model, 0));
        expect(seen(view, model)).toBe("TT");
    });

    it("grow while they come", () => {
        const { model, view, add } = setup("T");
        expect(seen(view, model)).toBe("T");
        add("++x");
        expect(seen(view, model)).toBe("Tx");
        expect(view.folds.count(rowAt(model, 0))).toBe(2);
    });

    it("find their first line when it is loaded later", () => {
        const { model, view, back } = setup("++x");
        expect(seen(view, model)).toBe("++x");
        back("xT+");
        expect(seen(view, model)).toBe("xTx");
        expect(view.folds.count(rowAt(model, 1))).toBe(3);
    });

    it("stay in sight when their first line has gone", () => {
        const keep = 10_000; // beyond it, rows go by the thousand
        const { model, view, add } = setup(`${"x".repeat(1000)}T++`, keep);
        expect(seen(view, model).endsWith("xT")).toBe(true);
        add("x".repeat(keep - 1002));
        expect(seen(view, model)).toBe(`++${"x".repeat(keep - 1002)}`);
    });

    it("are passed over by the keys that go from error to error", () => {
        const { model, view } = setup("T++xT+");
        seen(view, model);
        model.stopFollowing();
        const last = view.find(-1, (row) => row.level === 4) as Row;
        view.active = last;
        expect([last.message, view.find(-1, (row) => row.level === 4)]).toEqual(["T", rowAt(model, 0)]);
    });
});

describe("ticks beside the scroll bar", () => {
    it("are where errors are", () => {
        const { model, view, add } = setup("x".repeat(3200));
        const marks = new Marks(model);
        const ticks = (): number[] => {
            view.update(FOLDED, 20, 400);
            marks.update();
            return [...marks.ticks(view.index, 100)].flatMap((level, i) => (level > 0 ? [i] : []));
        };
        expect(ticks()).toEqual([]);
        add("T");
        expect(ticks()).toEqual([99]);
        add("x".repeat(3200));
        expect(ticks()).toEqual([49]);
        model.clear();
        expect(ticks()).toEqual([]);
    });
});

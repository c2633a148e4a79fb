// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { COLUMNS } from "./columns.js";
import { EVERYTHING } from "./filter.js";
import { gridFor } from "./layout.js";
import { Model } from "./model.js";
import { FIRST_SEQ } from "./ring.js";
import { rowOf, type Row } from "./record.js";
import { ListView } from "./view.js";

const KEEP = 100_000;
const LINE = 20;
const HEIGHT = 200;
const PLAIN = { wrap: false, fold: true, utc: true, delta: false, fields: COLUMNS };
const grid = gridFor(120, false, { ...PLAIN, wrap: false });

function setup(lines: number): { model: Model; view: ListView; add(from: number, to: number): void } {
    const model = new Model();
    model.expectFresh(EVERYTHING);
    const add = (from: number, to: number): void => {
        for (let id = from; id <= to; id += 1) {
            const level = id % 50 ? "info" : "error";
            model.rows([rowOf({ id, level, message: `line ${id}` } as never)]);
        }
    };
    add(1, lines);
    return { model, view: new ListView(model), add };
}

const topRow = (view: ListView, model: Model): number =>
    (model.shown.at(view.index.rowAt(Math.floor(view.top / LINE))) as Row).id;

describe("ListView", () => {
    it("stays at the end while following", () => {
        const { view, add } = setup(100);
        expect(view.update(grid, LINE, HEIGHT)).toEqual({ from: FIRST_SEQ + 86, to: FIRST_SEQ + 100 });
        add(101, 150);
        view.update(grid, LINE, HEIGHT);
        expect(view.top).toBe(150 * LINE - HEIGHT);
        expect(view.atEnd()).toBe(true);
    });

    it("does not move while paused, however many rows come", () => {
        const { model, view, add } = setup(KEEP);
        view.update(grid, LINE, HEIGHT);
        model.stopFollowing();
        view.scrolledTo(500 * LINE + 7);
        view.update(grid, LINE, HEIGHT);
        const [top, id] = [view.top, topRow(view, model)];
        add(KEEP + 1, KEEP + 50_000);
        view.update(grid, LINE, HEIGHT);
        expect([view.top, topRow(view, model)]).toEqual([top, id]);
    });

    it("keeps its place when rows were trimmed just before the pause", () => {
        const { model, view, add } = setup(KEEP);
        view.update(grid, LINE, HEIGHT);
        view.scrolledTo(90_000 * LINE + 7);
        const id = topRow(view, model);
        add(KEEP + 1, KEEP + 5);
        model.stopFollowing();
        view.update(grid, LINE, HEIGHT);
        expect(topRow(view, model)).toBe(id);
        expect(view.top % LINE).toBe(7);
    });

    it("keeps its place when the filter changes and when lines are wrapped", () => {
        const { model, view } = setup(1000);
        view.update(grid, LINE, HEIGHT);
        model.stopFollowing();
        view.scrolledTo(499 * LINE + 5);
        view.update(grid, LINE, HEIGHT);
        expect(topRow(view, model)).toBe(500);
        model.setFilter({ ...EVERYTHING, q: "0" });
        view.update(grid, LINE, HEIGHT);
        expect(topRow(view, model)).toBe(500);
        model.setFilter(EVERYTHING);
        view.update(gridFor(30, false, { ...PLAIN, wrap: true }), LINE, HEIGHT);
        expect(topRow(view, model)).toBe(500);
    });

    it("finds errors from where the reader is", () => {
        const { model, view } = setup(1000);
        view.update(grid, LINE, HEIGHT);
        model.stopFollowing();
        const error = (row: Row): boolean => row.level === 4;
        const found = view.find(-1, error) as Row;
        expect(found.id).toBe(1000);
        view.active = found;
        const before = view.find(-1, error) as Row;
        expect(before.id).toBe(950);
        view.active = before;
        view.reveal(before, 3);
        view.update(grid, LINE, HEIGHT);
        expect(topRow(view, model)).toBe(947);
        expect(view.find(1, error)?.id).toBe(1000);
    });

    it("keeps its place when older rows come in front", () => {
        const { model, view } = setup(100);
        view.update(grid, LINE, HEIGHT);
        model.stopFollowing();
        view.scrolledTo(10 * LINE + 3);
        view.update(grid, LINE, HEIGHT);
        const id = topRow(view, model);
        model.prepend(Array.from({ length: 700 }, (_, i) => ({ id: i - 700, level: "info", message: "m" }) as never));
        view.update(grid, LINE, HEIGHT);
        expect(topRow(view, model)).toBe(id);
        expect(view.top).toBe(710 * LINE + 3);
        expect(view.index.total).toBe(800);
    });

    it("makes room for an opened row and takes it back", () => {
        const { model, view } = setup(100);
        view.update(grid, LINE, HEIGHT);
        model.stopFollowing();
        const row = model.shown.at(FIRST_SEQ + 95) as Row;
        const total = view.total;
        view.toggle(row);
        expect(view.detailsOf(row)?.map((line) => line.key)).toEqual(["id", "level"]);
        expect(view.total).toBe(total + 3 * LINE);
        view.toggle(row);
        expect(view.total).toBe(total);
    });

    it("copies all rows that are chosen, wherever they are, and what is folded under the last", () => {
        const { model, view } = setup(1000);
        const at = ["boom", "    at a", "    at b"].map((message, i) => rowOf({ id: 1001 + i, message, cont: i > 0 } as never));
        model.rows(at);
        view.update(grid, LINE, HEIGHT);
        const rowOfId = (id: number): Row => view.rowWithId(id) as Row;
        const ids = (row: Row): number[] => view.copied(row).map(({ id }) => id);
        view.activate(rowOfId(5));
        expect(ids(rowOfId(5))).toEqual([5]);
        view.activate(rowOfId(900), true);
        expect(ids(rowOfId(900))).toEqual(Array.from({ length: 896 }, (_, i) => 5 + i));
        view.activate(rowOfId(3), true);
        expect(ids(rowOfId(3))).toEqual([3, 4, 5]);
        expect(ids(rowOfId(8)), "a row beside them").toEqual([8]);
        view.activate(rowOfId(1000));
        view.activate(rowOfId(1001), true);
        expect(ids(rowOfId(1001))).toEqual([1000, 1001, 1002, 1003]);
        model.setFilter({ ...EVERYTHING, level: "error" });
        view.update(grid, LINE, HEIGHT);
        expect(view.chosen).toBeNull();
    });

    it("keeps the line at the upper edge when characters become larger, and the last one at the lower", () => {
        const { model, view } = setup(1000);
        view.update(grid, LINE, HEIGHT);
        model.stopFollowing();
        view.scrolledTo(500 * LINE + LINE / 2);
        view.update(grid, 2 * LINE, HEIGHT);
        expect(view.top).toBe(500 * 2 * LINE + LINE);
        model.follow();
        for (const line of [LINE, 24, 17]) {
            view.update(grid, line, HEIGHT);
            expect(view.top).toBe(1000 * line - HEIGHT);
        }
    });

    it("gives the button of a trace a line of its own when lines are wrapped", () => {
        const { model, view } = setup(10);
        const wrapped = gridFor(120, false, { ...PLAIN, wrap: true });
        view.update(wrapped, LINE, HEIGHT);
        model.rows(["boom", "    at a"].map((message, i) => rowOf({ id: 11 + i, message, cont: i > 0 } as never)));
        view.update(wrapped, LINE, HEIGHT);
        expect(view.index.total).toBe(12);
        view.toggleFold(view.rowWithId(11) as Row);
        expect(view.index.total).toBe(13);
        view.update(grid, LINE, HEIGHT);
        expect(view.index.total).toBe(12);
    });
});

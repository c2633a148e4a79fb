// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { EVERYTHING, type Filter } from "./filter.js";
import { Model } from "./model.js";
import { rowOf } from "./record.js";

const KEEP = 10_000;
const KEEP_PAUSED = 11_000;

class Hub {
    readonly model: Model;
    private id = 0;

    constructor(
        private readonly epoch = "e1",
        keep = KEEP,
    ) {
        this.model = new Model(keep);
        this.fresh(EVERYTHING);
    }

    fresh(filter: Filter): void {
        this.model.expectFresh(filter);
    }

    log(id: number, level = "info", message = `line ${id}`): void {
        this.id = id;
        const record = { id, level, message, timestamp: "2024-05-06T07:08:09.123456Z" };
        this.model.rows([rowOf(record as never)]);
    }

    logs(from: number, to: number, level = "info"): void {
        for (let id = from; id <= to; id += 1) this.log(id, level);
    }

    beat(): void {
        this.model.cursor(`${this.epoch}.${this.id}`);
    }

    dropped(from: number, to: number, count: number): void {
        this.model.notice({ type: "dropped", from, to, count, level: "warn", message: `${count} lines dropped` } as never);
    }

    ids(): number[] {
        const ids: number[] = [];
        this.model.shown.forEach((row) => ids.push(row.id));
        return ids;
    }
}

const errors: Filter = { ...EVERYTHING, level: "error" };

describe("Model", () => {
    it("keeps the newest rows while following", () => {
        const hub = new Hub();
        hub.logs(1, KEEP + 5000);
        expect(hub.model.shown.length).toBeLessThanOrEqual(KEEP);
        expect(hub.model.shown.length).toBeGreaterThan(KEEP - 2000);
        expect(hub.ids().at(-1)).toBe(KEEP + 5000);
    });

    it.each([100, 500, 1000])("keeps nine tenths of %i rows at any time, also when the past takes the room", (keep) => {
        const hub = new Hub("e1", keep);
        hub.logs(10_001, 10_000 + 3 * keep);
        for (let id = 10_001 + 3 * keep; id <= 10_000 + 5 * keep; id += 1) {
            hub.log(id);
            expect(hub.model.shown.length).toBeGreaterThanOrEqual(keep * 0.9);
            expect(hub.model.shown.length).toBeLessThanOrEqual(keep);
        }
        const first = hub.model.firstKeptId();
        hub.model.stopFollowing();
        hub.model.prepend(Array.from({ length: keep / 2 }, (_, i) => ({ id: first - keep / 2 + i, level: "info", message: "m" }) as never));
        expect(hub.ids()[0]).toBe(first - keep / 2);
        expect(hub.model.shown.length).toBeGreaterThanOrEqual(keep * 0.9);
    });

    it("filters loaded rows at once and keeps them when the narrower answer begins", () => {
        const hub = new Hub();
        for (let id = 1; id <= 100; id += 1) hub.log(id, id % 10 === 0 ? "error" : "info");
        hub.model.setFilter(errors);
        expect(hub.ids()).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
        hub.fresh(errors);
        for (const id of [80, 90, 100, 110]) hub.log(id, "error");
        expect(hub.ids()).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]);
        expect(hub.model.orderFaults).toBe(0);
    });

    it("keeps nothing across a gap between the loaded rows and the answer", () => {
        const hub = new Hub();
        for (let id = 1; id <= 20; id += 1) hub.log(id, "error");
        hub.model.setFilter(errors);
        hub.fresh(errors);
        hub.log(22, "error");
        expect(hub.ids()).toEqual([22]);
    });

    it("shows what is loaded again when a filter is taken back before the answer", () => {
        const hub = new Hub();
        hub.logs(1, 50);
        hub.model.setFilter(errors);
        expect(hub.ids()).toEqual([]);
        hub.model.setFilter(EVERYTHING);
        expect(hub.ids()).toHaveLength(50);
    });

    it("replaces rows when the answer is wider, or begins after what was loaded", () => {
        const hub = new Hub();
        hub.model.setFilter(errors);
        hub.fresh(errors);
        for (const id of [10, 20, 30]) hub.log(id, "error");
        hub.model.setFilter(EVERYTHING);
        expect(hub.ids()).toEqual([10, 20, 30]);
        hub.fresh(EVERYTHING);
        hub.logs(25, 32);
        expect(hub.ids()).toEqual([25, 26, 27, 28, 29, 30, 31, 32]);
        hub.model.setFilter(errors);
        hub.fresh(errors);
        hub.logs(40, 42, "error");
        expect(hub.ids()).toEqual([40, 41, 42]);
    });

    it("shows nothing when a heartbeat says that nothing matches", () => {
        const hub = new Hub();
        hub.logs(1, 5, "error");
        hub.model.setFilter({ ...EVERYTHING, q: "line" });
        hub.fresh(hub.model.filter);
        hub.beat();
        expect(hub.ids()).toEqual([]);
        hub.logs(3, 6);
        expect(hub.ids()).toEqual([3, 4, 5, 6]);
    });

    it("keeps to the stream's own filter when the reader has already typed on", () => {
        const hub = new Hub();
        for (let id = 1; id <= 9; id += 1) hub.log(id, id % 3 === 0 ? "error" : "info");
        hub.model.setFilter(errors);
        hub.fresh(errors);
        hub.model.setFilter({ ...errors, q: '"line 6"' });
        hub.log(6, "error");
        hub.log(9, "error");
        expect(hub.ids()).toEqual([6]);
        hub.model.setFilter(errors);
        expect(hub.ids()).toEqual([3, 6, 9]);
    });

    it("counts new lines and errors while paused and lets no row go", () => {
        const hub = new Hub();
        hub.logs(1, 10);
        hub.model.stopFollowing();
        hub.logs(11, 20);
        hub.log(21, "error");
        expect(hub.model.pause).toEqual({ lines: 11, errors: 1 });
        expect(hub.model.follow()).toBe("attached");
        expect(hub.model.pause).toBeNull();
    });

    it("only counts when full and paused, and fetches that on resuming, each line once", () => {
        const hub = new Hub();
        hub.logs(1, 500);
        hub.model.stopFollowing();
        const first = hub.model.shown.first;
        hub.logs(501, KEEP_PAUSED + 300);
        expect(hub.model.shown.first).toBe(first);
        expect(hub.ids().at(-1)).toBe(KEEP_PAUSED);
        expect(hub.model.pause?.lines).toBe(KEEP_PAUSED + 300 - 500);
        expect(hub.model.follow()).toBe("counting");
        expect(hub.model.lastKeptId()).toBe(KEEP_PAUSED);
        hub.logs(KEEP_PAUSED + 1, KEEP_PAUSED + 310);
        expect(hub.model.orderFaults).toBe(0);
        expect(hub.model.received).toBe(KEEP_PAUSED + 310);
        const ids = hub.ids();
        expect(ids.at(-1)).toBe(KEEP_PAUSED + 310);
        expect(ids.every((id, i) => i === 0 || id === (ids[i - 1] as number) + 1)).toBe(true);
    });

    it("shows notices in place and adds up what was dropped", () => {
        const hub = new Hub();
        hub.log(1);
        hub.dropped(2, 413, 412);
        hub.log(414);
        expect(hub.model.dropped).toBe(412);
        expect(hub.model.shown.at(hub.model.shown.first + 1)).toMatchObject({ notice: true, id: 1, lost: 412, hole: { from: 2, to: 413 } });
        expect(hub.ids()).toEqual([1, 1, 414]);
    });

    it("fills a hole in its place", () => {
        const hub = new Hub();
        hub.log(1);
        hub.dropped(2, 4, 3);
        hub.log(5);
        const notice = hub.model.shown.at(hub.model.shown.first + 1);
        hub.model.fill(notice as never, [2, 3, 4].map((id) => ({ id, level: "info", message: "m" }) as never), true);
        expect(hub.ids()).toEqual([1, 2, 3, 4, 5]);
        expect(hub.model.dropped).toBe(0);
        hub.log(6);
        expect(hub.ids().at(-1)).toBe(6);
        expect(hub.model.orderFaults).toBe(0);
    });

    it("says so when ids do not rise, but not across epochs", () => {
        const hub = new Hub();
        hub.logs(1, 5);
        hub.log(5);
        expect(hub.model.orderFaults).toBe(1);
        hub.model.cursor("e2.1");
        hub.log(2);
        expect(hub.model.orderFaults).toBe(1);
    });

    it("takes pages of the past in front, and lets the present go when there is no room", () => {
        const hub = new Hub();
        hub.logs(10_001, 10_100);
        hub.model.stopFollowing();
        const page = (from: number, to: number) =>
            Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i, level: "info", message: "m" }) as never);
        hub.model.prepend(page(9_501, 10_000));
        expect(hub.ids()).toHaveLength(600);
        expect(hub.ids()[0]).toBe(9_501);
        hub.log(10_101);
        expect([hub.ids().at(-1), hub.model.edge]).toEqual([10_101, "attached"]);
        for (let to = 9_500; to > 0; to -= 500) hub.model.prepend(page(to - 499, to));
        expect(hub.ids()[0]).toBe(1);
        hub.logs(10_102, 11_500);
        hub.model.prepend(page(-499, 0));
        expect(hub.model.edge).toBe("history");
        const ids = hub.ids();
        expect(ids[0]).toBe(-499);
        expect(ids.every((id, i) => i === 0 || id === (ids[i - 1] as number) + 1)).toBe(true);
        expect(hub.model.follow()).toBe("history");
    });

    it("shows a place in the past and goes on from there without a hole", () => {
        const hub = new Hub();
        hub.logs(500, 600);
        hub.model.place([1, 2, 3].map((id) => ({ id, level: "info", message: "m" }) as never));
        expect([hub.ids(), hub.model.edge]).toEqual([[1, 2, 3], "history"]);
        expect(hub.model.pause, "nothing of them is new").toEqual({ lines: 0, errors: 0 });
        hub.model.extend([4, 5].map((id) => ({ id, level: "info", message: "m" }) as never));
        hub.model.edge = "attached";
        hub.logs(6, 7);
        expect(hub.ids()).toEqual([1, 2, 3, 4, 5, 6, 7]);
        expect(hub.model.orderFaults).toBe(0);
    });

    it("clears the view and takes that back", () => {
        const hub = new Hub();
        hub.logs(1, 3);
        hub.model.clear();
        hub.log(4);
        expect(hub.ids()).toEqual([4]);
        hub.model.undoClear();
        expect(hub.ids()).toEqual([1, 2, 3, 4]);
        expect(hub.model.cleared).toBeNull();
    });

    it("says where lines could not be read, of what is loaded alone", () => {
        const hub = new Hub();
        hub.logs(100, 110);
        hub.model.sayUnread([{ first_id: 40, last_id: 60, count: 9 }]);
        expect(hub.model.loaded.notices.size).toBe(0);
        hub.model.prepend([50, 70].map((id) => ({ id, level: "info", message: "m" }) as never));
        hub.model.sayUnread([{ first_id: 40, last_id: 60, count: 9 }]);
        const [notice] = hub.model.loaded.notices;
        expect([notice?.lost, notice?.id]).toEqual([9, 50]);
        hub.log(111);
        expect([hub.model.firstKeptId(), hub.model.lastKeptId(), hub.model.orderFaults]).toEqual([50, 111, 0]);
    });

    it("says what could not be read before the oldest line that is kept", () => {
        const hub = new Hub();
        hub.logs(100, 110);
        hub.model.atStart = true;
        hub.model.sayUnread([{ first_id: 1, last_id: 99, count: 99 }]);
        expect(hub.model.loaded.at(hub.model.loaded.first)?.lost).toBe(99);
    });

    it("knows its last line still when the first cursor comes behind it", () => {
        const hub = new Hub();
        hub.logs(1, 3);
        hub.beat();
        hub.model.say("a remark");
        expect([hub.model.lastId, hub.model.lastKeptId()]).toEqual([3, 3]);
    });
});

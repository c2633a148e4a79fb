// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { Bookmarks, MOST } from "./bookmarks.js";

function storage(): Storage {
    const kept = new Map<string, string>();
    return {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => void kept.set(key, value),
    } as Storage;
}

describe("bookmarks", () => {
    it("survive the page, and a second tab adds to them", () => {
        const shared = storage();
        const one = new Bookmarks(shared);
        one.ofStore("e1");
        expect(one.toggle(7)).toBe(true);
        const two = new Bookmarks(shared);
        two.ofStore("e1");
        two.toggle(3);
        one.toggle(9);
        expect(new Bookmarks(shared).all).toEqual([3, 7, 9]);
        expect(one.toggle(7)).toBe(false);
        expect(new Bookmarks(shared).all).toEqual([3, 9]);
    });

    it("are those of one store", () => {
        const shared = storage();
        const one = new Bookmarks(shared);
        one.toggle(7); // before anybody has said which
        one.ofStore("e1");
        expect(one.all).toEqual([7]);
        const later = new Bookmarks(shared);
        later.ofStore("e2");
        expect(later.all).toEqual([]);
        expect(new Bookmarks(shared).all).toEqual([]);
    });

    it("lead from one to the next", () => {
        const marks = new Bookmarks();
        for (const id of [5, 1, 9]) marks.toggle(id);
        expect([marks.next(5, 1), marks.next(5, -1), marks.next(9, 1), marks.next(4, 1)]).toEqual([9, 1, null, 5]);
    });

    it("are not more than a few hundred, and not what somebody else wrote there", () => {
        const shared = storage();
        const marks = new Bookmarks(shared);
        for (let id = 1; id <= MOST + 2; id += 1) marks.toggle(id);
        expect(marks.all.length).toBe(MOST);
        expect(marks.has(1)).toBe(false);
        for (const text of ["{", "[]", '{"epoch":"","ids":["x"]}', '{"epoch":1,"ids":[]}']) {
            shared.setItem("logmill.bookmarks", text);
            expect(new Bookmarks(shared).all).toEqual([]);
        }
    });
});

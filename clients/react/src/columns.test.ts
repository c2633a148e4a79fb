// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { COLUMNS, columnsFromText, columnsToText, resized, toggled } from "./columns.js";
import { cellText } from "./layout.js";
import { fuzzy, viewsFromText, viewsToText, withViews } from "./views.js";

const keys = (columns: readonly { key: string }[]): string => columns.map(({ key }) => key).join();

describe("columns", () => {
    it("are the usual ones without words", () => {
        expect(columnsFromText(null)).toBe(COLUMNS);
        expect(columnsToText(COLUMNS)).toBeNull();
    });

    it("come and go, and keep their order", () => {
        const more = toggled(toggled(COLUMNS, "http.status"), "level");
        expect(keys(more)).toBe("time,source,http.status");
        expect(keys(toggled(more, "level"))).toBe("time,level,source,http.status");
        expect(toggled(toggled(COLUMNS, "x"), "x")).toEqual(COLUMNS);
    });

    it("are the same after a way through an address", () => {
        const wide = resized(toggled(COLUMNS, "host"), "host", 30.4);
        expect(columnsToText(wide)).toBe("time,level,source,host:30");
        expect(columnsFromText(columnsToText(wide))).toEqual(wide);
    });

    it("keep within bounds whatever an address says", () => {
        const found = columnsFromText(`a:9999,b:0,<script>,,time:400,${"c,".repeat(50)}${"abcdefghijklmnop".split("").join()}`);
        expect(found.slice(0, 3)).toEqual([
            { key: "a", width: 80 },
            { key: "b", width: 3 },
            { key: "time", width: 12 },
        ]);
        expect(found.length).toBe(12);
    });

    it("are cut and filled to their width", () => {
        expect(cellText("api", 5)).toBe("api    ");
        expect(cellText("東京タワー", 6)).toBe("東京…   ");
        expect(cellText("\x1b[31mred\u202e", 12)).toBe("red\\u{202E}   ");
    });
});

describe("views", () => {
    const view = { name: "errors", query: "level=error", pinned: true };

    it("survive a file, and others add to them", () => {
        expect(viewsFromText(viewsToText([view]))).toEqual([view]);
        const more = withViews([view], [{ ...view, query: "q=1" }, { ...view, name: "a" }]);
        expect(more.map(({ name, query }) => [name, query])).toEqual([
            ["a", "level=error"],
            ["errors", "q=1"],
        ]);
    });

    it("are not read from something else", () => {
        for (const text of ["", "[]", "{}", '{"views":[{"name":1}]}', '{"views":[null]}']) expect(viewsFromText(text)).toBeNull();
    });

    it("are found by a few letters", () => {
        expect(fuzzy("nightly-import", "ni")).toBe(0);
        expect(fuzzy("nightly-import", "nimp")).not.toBeNull();
        expect(fuzzy("nightly-import", "xyz")).toBeNull();
        expect(fuzzy("api", "api") as number).toBeLessThan(fuzzy("a-p-i", "api") as number);
    });
});

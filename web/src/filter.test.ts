// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { EVERYTHING, filterFromQuery, filterToParams, implies, matcher, type Filter } from "./filter";
import { parseRow } from "./record";

const row = (record: object, notice = false) => parseRow(JSON.stringify(record), notice, 0);
const filter = (part: Partial<Filter>): Filter => ({ ...EVERYTHING, ...part });
const passes = (part: Partial<Filter>, record: object): boolean => matcher(filter(part))(row(record));

describe("matcher", () => {
    it("takes a level and above", () => {
        expect(passes({ level: "warn" }, { level: "error" })).toBe(true);
        expect(passes({ level: "warn" }, { level: "warn" })).toBe(true);
        expect(passes({ level: "warn" }, { level: "info" })).toBe(false);
    });

    it("finds text whatever its case, ASCII letters only, and takes signs literally", () => {
        expect(passes({ search: "CONN.re[set" }, { message: "a Conn.RE[set b" })).toBe(true);
        expect(passes({ search: "conn.reset" }, { message: "connxreset" })).toBe(false);
        expect(passes({ search: "größe" }, { message: "GRößE" })).toBe(true);
        expect(passes({ search: "größe" }, { message: "GRÖßE" })).toBe(false);
        expect(passes({ search: "a-b/c\\d|e^$" }, { message: "A-B/C\\D|E^$" })).toBe(true);
    });

    it("looks through colours", () => {
        const message = "con\u001b[31mnection\u001b[0m reset";
        expect(passes({ search: "connection reset" }, { message })).toBe(true);
    });

    it("takes one job run", () => {
        expect(passes({ job: "a" }, { job_run_id: "a" })).toBe(true);
        expect(passes({ job: "a" }, { job_run_id: "ab" })).toBe(false);
        expect(passes({ job: "a" }, {})).toBe(false);
    });

    it("lets notices of the hub through always", () => {
        const notice = row({ type: "dropped", level: "warn", message: "412 lines dropped" }, true);
        expect(matcher(filter({ level: "fatal", search: "x", job: "y" }))(notice)).toBe(true);
    });
});

describe("implies", () => {
    it("holds for narrower filters only", () => {
        expect(implies(filter({ level: "error" }), filter({ level: "warn" }))).toBe(true);
        expect(implies(filter({ level: "warn" }), filter({ level: "error" }))).toBe(false);
        expect(implies(filter({ search: "Reset by" }), filter({ search: "reset" }))).toBe(true);
        expect(implies(filter({ search: "res" }), filter({ search: "reset" }))).toBe(false);
        expect(implies(filter({ job: "a" }), EVERYTHING)).toBe(true);
        expect(implies(EVERYTHING, filter({ job: "a" }))).toBe(false);
    });
});

describe("address", () => {
    it("keeps a filter through the address", () => {
        const full = filter({ job: "a b&c", level: "error", search: "x=1 ü#" });
        expect(filterFromQuery(`?${filterToParams(full).toString()}`)).toEqual(full);
        expect(filterToParams(EVERYTHING).toString()).toBe("");
    });

    it("takes nonsense as no filter", () => {
        expect(filterFromQuery("?level=loud&foo=1")).toEqual(EVERYTHING);
        expect(filterFromQuery("?level=WARN").level).toBe("warn");
    });
});

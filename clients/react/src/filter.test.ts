// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { EVERYTHING, filterFromQuery, filterToParams, implies, matcher, mutedSources, termFor, type Filter, withMuted, withTerm } from "./filter.js";
import { noticeRow, rowOf } from "./record.js";

const row = (record: object) => rowOf(record as never);
const filter = (part: Partial<Filter>): Filter => ({ ...EVERYTHING, ...part });
const passes = (part: Partial<Filter>, record: object): boolean => matcher(filter(part))(row(record));

describe("matcher", () => {
    it("takes a level and above", () => {
        expect(passes({ level: "warn" }, { level: "error" })).toBe(true);
        expect(passes({ level: "warn" }, { level: "warn" })).toBe(true);
        expect(passes({ level: "warn" }, { level: "info" })).toBe(false);
    });

    it("finds text whatever its case, ASCII letters only, and takes signs literally", () => {
        expect(passes({ q: "CONN.re[set" }, { message: "a Conn.RE[set b" })).toBe(true);
        expect(passes({ q: "conn.reset" }, { message: "connxreset" })).toBe(false);
        expect(passes({ q: "größe" }, { message: "GRößE" })).toBe(true);
        expect(passes({ q: "größe" }, { message: "GRÖßE" })).toBe(false);
        expect(passes({ q: "a-b/c\\d|e^$" }, { message: "A-B/C\\D|E^$" })).toBe(true);
    });

    it("looks through colours", () => {
        const message = "con\u001b[31mnection\u001b[0m reset";
        expect(passes({ q: '"connection reset"' }, { message })).toBe(true);
    });

    it("takes one job run", () => {
        expect(passes({ job: "a" }, { job_run_id: "a" })).toBe(true);
        expect(passes({ job: "a" }, { job_run_id: "ab" })).toBe(false);
        expect(passes({ job: "a" }, {})).toBe(false);
    });

    it("lets notices of the hub through always", () => {
        const notice = noticeRow({ type: "dropped", level: "warn", message: "412 lines dropped" } as never, 0);
        expect(matcher(filter({ level: "fatal", q: "x", job: "y" }))(notice)).toBe(true);
    });
});

describe("implies", () => {
    it("holds for narrower filters only", () => {
        expect(implies(filter({ level: "error" }), filter({ level: "warn" }))).toBe(true);
        expect(implies(filter({ level: "warn" }), filter({ level: "error" }))).toBe(false);
        expect(implies(filter({ q: "reset by" }), filter({ q: "reset" }))).toBe(true);
        expect(implies(filter({ q: "reset OR by" }), filter({ q: "reset" }))).toBe(false);
        expect(implies(filter({ q: "resetting" }), filter({ q: "reset" }))).toBe(false);
        expect(implies(filter({ scope: { source: "a" } }), EVERYTHING)).toBe(false);
        expect(implies(filter({ job: "a" }), EVERYTHING)).toBe(true);
        expect(implies(EVERYTHING, filter({ job: "a" }))).toBe(false);
    });
});

describe("address", () => {
    it("keeps a filter through the address", () => {
        const full = filter({ job: "a b&c", level: "error", q: "x=1 ü#", scope: { source: "web" } });
        expect(filterFromQuery(`?${filterToParams(full).toString()}`)).toEqual(full);
        expect(filterToParams(EVERYTHING).toString()).toBe("");
    });

    it("understands search= of older links as a phrase", () => {
        expect(filterFromQuery("?search=a%20%22b").q).toBe('"a \\"b"');
    });

    it("takes nonsense as no filter", () => {
        expect(filterFromQuery("?level=loud&foo=1")).toEqual(EVERYTHING);
        expect(filterFromQuery("?level=WARN").level).toBe("warn");
    });
});

describe("terms", () => {
    it("are put into a filter by a click, and taken out by the next one", () => {
        expect(termFor("source", "web-1", false)).toBe("source:web-1");
        expect(termFor("path", "/a b", true)).toBe('-path:"/a b"');
        expect(withTerm("a", "source:web")).toBe("a source:web");
        expect(withTerm("a source:web b", "source:web")).toBe("a b");
        expect(passes({ q: withTerm("", termFor("n", "5", false)) }, { fields: { n: 5 } })).toBe(true);
        expect(passes({ q: termFor("e", '"', false) }, { fields: { e: '"' } })).toBe(true);
    });
});

describe("muted sources", () => {
    it("are those that a condition of its own leaves out", () => {
        expect(mutedSources("")).toEqual([]);
        expect(mutedSources("-source:api")).toEqual(["api"]);
        expect(mutedSources('slow -source:api level>=warn -source:"a b"')).toEqual(["api", "a b"]);
        expect(mutedSources("-source:a,b source:c -source:d OR e (")).toEqual([]);
    });

    it("are muted and let in again by the same press", () => {
        expect(withMuted("slow", "a b")).toBe('slow -source:"a b"');
        expect(withMuted('slow -source:"a b"', "a b")).toBe("slow");
    });
});

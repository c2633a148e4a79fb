// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { timeFromWords } from "./words_to_time.js";

const now = new Date("2026-01-15T12:00:00Z"); // a Thursday
const said = (words: string): string | undefined => timeFromWords(words, now, true)?.toISOString();

describe("timeFromWords", () => {
    it("counts back from now", () => {
        expect(said("now")).toBe("2026-01-15T12:00:00.000Z");
        for (const words of ["5m ago", "5 m", "5min ago", "5 minutes ago", "-5m"]) expect(said(words)).toBe("2026-01-15T11:55:00.000Z");
        expect(said("1.5h")).toBe("2026-01-15T10:30:00.000Z");
        expect(said("2 days ago")).toBe("2026-01-13T12:00:00.000Z");
        expect(said("1 week ago")).toBe("2026-01-08T12:00:00.000Z");
    });

    it("knows days and clocks", () => {
        expect(said("yesterday 17:30")).toBe("2026-01-14T17:30:00.000Z");
        expect(said("Yesterday evening")).toBe("2026-01-14T18:00:00.000Z");
        expect(said("this morning")).toBe("2026-01-15T06:00:00.000Z");
        expect(said("noon")).toBe("2026-01-15T12:00:00.000Z");
        expect(said("10:30:05")).toBe("2026-01-15T10:30:05.000Z");
        expect(said("today")).toBe("2026-01-15T00:00:00.000Z");
        expect(said("monday 9:00")).toBe("2026-01-12T09:00:00.000Z");
        expect(said("Thursday")).toBe("2026-01-15T00:00:00.000Z");
        expect(said("friday 8:00")).toBe("2026-01-09T08:00:00.000Z");
    });

    it("reads ISO times and seconds since 1970", () => {
        expect(said("2026-01-02")).toBe("2026-01-02T00:00:00.000Z");
        expect(said("2026-01-02 03:04")).toBe("2026-01-02T03:04:00.000Z");
        expect(said("2026-01-02T03:04:05.678Z")).toBe("2026-01-02T03:04:05.678Z");
        expect(said("2026-01-02T03:04:05+02:00")).toBe("2026-01-02T01:04:05.000Z");
        expect(said("1768473045")).toBe("2026-01-15T10:30:45.000Z");
        expect(said("1768473045123")).toBe("2026-01-15T10:30:45.123Z");
    });

    it("says no to the rest", () => {
        for (const words of ["", "soon", "25:00", "5 parsecs ago", "someday 9:00", "2026-13-01"]) expect(said(words)).toBeUndefined();
    });
});

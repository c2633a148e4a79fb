// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { packRows, unpackRows } from "./row_batch.js";
import { jsonOf, memberOf, noticeRow, recordOf, rowOf, type Row } from "./record.js";

const stamp = "2026-01-15T10:30:45.123456Z";
const RECORDS = [
    { id: 1, timestamp: stamp, level: "info", stream: "stdout", source: "web", message: "hello" },
    {
        id: 2 ** 45,
        timestamp: "2026-01-15T10:30:45.000009Z",
        level: "fatal",
        stream: "stderr",
        source: "wéb",
        job_run_id: "7",
        process_id: "p",
        message: "日本 🚀",
        cont: true,
        fields: { http: { status: 500 }, ms: 1.5 },
    },
    { id: 2 ** 45 + 1, timestamp: "2026-01-15T10:30:45+02:00", level: "warn", stream: "stdout", message: "" },
];

describe("a row", () => {
    it.each(RECORDS)("gives back the record it was made from: %j", (record) => {
        expect(recordOf(rowOf(record as never))).toEqual(record);
        expect(Object.keys(JSON.parse(jsonOf(rowOf(record as never))) as object)[0]).toBe("id");
    });

    it("knows single members, nested ones too", () => {
        const row = rowOf(RECORDS[1] as never);
        expect(["http.status", "process_id", "source", "job_run_id", "none"].map((key) => memberOf(row, key))).toEqual([
            "500",
            "p",
            "wéb",
            "7",
            "",
        ]);
    });

    it("made of a notice has no id of its own", () => {
        const notice = { type: "gap", after: 3, next: 9, count: null, reason: "crash", level: "warn", stream: "system", message: "m" };
        const row = noticeRow(notice as never, 3);
        expect([row.id, row.notice, row.lost]).toEqual([3, true, 0]);
        expect(recordOf(row)).toEqual(notice);
    });
});

describe("packed rows", () => {
    it("come out as they went in", () => {
        const rows = unpackRows(structuredClone(packRows(RECORDS as never)));
        const members = Object.keys(rowOf(RECORDS[0] as never)) as (keyof Row)[];
        const all = (row: Row): unknown[] => members.map((member) => row[member]);
        expect(rows.map(all)).toEqual(RECORDS.map((record) => all(rowOf(record as never))));
        expect(rows.map(recordOf)).toEqual(RECORDS);
        expect(unpackRows(packRows([]))).toEqual([]);
    });

    it("name what many have once", () => {
        const many = Array.from({ length: 100 }, (_, i) => ({ ...RECORDS[0], id: i + 1 }));
        expect(packRows(many as never).names.length).toBe(3);
    });
});

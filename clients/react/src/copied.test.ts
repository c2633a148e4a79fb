// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { linesAsMarkdown, linesAsText } from "./copied.js";
import { rowOf, type Row } from "./record.js";

const row = (second: number, members: Record<string, unknown> = {}): Row =>
    rowOf({
        id: second,
        timestamp: `2026-01-15T10:00:0${second}.000000Z`,
        level: "info",
        stream: "stdout",
        source: "api",
        message: `line ${second}`,
        ...members,
    });

describe("lines for somebody else", () => {
    it("are plain text, one each", () => {
        expect(linesAsText([row(1), row(2)], true)).toBe("10:00:01.000 INFO api: line 1\n10:00:02.000 INFO api: line 2");
    });

    it("are a fenced block below a heading with source, job run and time", () => {
        expect(linesAsMarkdown([row(1, { job_run_id: "42" }), row(2)], true, "http://hub/logs?at=1")).toBe(
            "### api, job run 42, 2026-01-15 10:00:01.000 to 10:00:02.000 UTC\n\n" +
                "```text\n10:00:01.000 INFO api: line 1\n10:00:02.000 INFO api: line 2\n```\n" +
                "\n[In logmill](http://hub/logs?at=1)\n",
        );
    });

    it("cannot end the block, nor be markup in the heading", () => {
        const text = linesAsMarkdown([row(1, { message: "a ```` b", source: "*x*" })], true);
        expect(text).toMatch(/^### \\\*x\\\*, 2026-01-15 10:00:01\.000 UTC\n\n`{5}text\n/);
        expect(text).toMatch(/\n`{5}\n$/);
    });

    it("of many sources are counted in the heading", () => {
        const rows = ["a", "b", "c", "d"].map((source, i) => row(i, { source }));
        expect(linesAsMarkdown(rows, true)).toMatch(/^### 4 sources, /);
        expect(linesAsMarkdown(rows.slice(1), true)).toMatch(/^### b, c, d, /);
    });
});

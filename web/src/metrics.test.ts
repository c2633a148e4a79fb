// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { parseHelp, parseMetrics, quantile } from "./metrics";

const TEXT = `# HELP logmill_records_total Records that were given an id.
# TYPE logmill_records_total counter
logmill_records_total 12
logmill_records_by_level_total{level="warn"} 3
x_bucket{le="0.001"} 5
x_bucket{le="0.01"} 9
x_bucket{le="+Inf"} 10
`;

describe("the text of /metrics", () => {
    it("becomes numbers by name and labels", () => {
        const metrics = parseMetrics(TEXT);
        expect(metrics.get("logmill_records_total")).toBe(12);
        expect(metrics.get('logmill_records_by_level_total{level="warn"}')).toBe(3);
        expect(parseHelp(TEXT).get("logmill_records_total")).toBe("Records that were given an id.");
    });

    it("tells quantiles of what came between two readings", () => {
        const metrics = parseMetrics(TEXT);
        expect(quantile(metrics, null, "x", 0.5)).toBe(0.001);
        expect(quantile(metrics, null, "x", 0.9)).toBe(0.01);
        expect(quantile(metrics, null, "x", 0.99)).toBe(Infinity);
        expect(quantile(metrics, metrics, "x", 0.5)).toBeNull();
        expect(quantile(metrics, null, "y", 0.5)).toBeNull();
    });
});

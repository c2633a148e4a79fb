// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LogStreamingService, type LogStreamData, type ProcessStatus } from "@logmill/client";
import { LINES, Process, SECONDS } from "./processes.js";

const service = new LogStreamingService("http://127.0.0.1:1");
const line = (id: number, level: LogStreamData["level"] = "INFO"): LogStreamData => ({
    id,
    source: "web",
    level,
    message: `line ${id}`,
    timestamp: id,
    process_id: "web",
});
const reading = (pid: number, cpu_ms: number) => ({
    name: "web",
    pid,
    metrics: { cpu_ms, rss_kb: 10 } as NonNullable<ProcessStatus["metrics"]>,
});

describe("a process on its card", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("keeps the newest lines, and tells of them a few times a second", () => {
        const process = new Process("web", service);
        const told = vi.fn();
        process.changed.subscribe(told);
        for (let id = 1; id <= LINES + 20; id += 1) process.log(line(id));
        expect(told).not.toHaveBeenCalled();
        vi.advanceTimersByTime(100);
        expect(told).toHaveBeenCalledTimes(1);
        expect(process.view.lines.map(({ id }) => id)).toEqual(Array.from({ length: LINES }, (_, i) => i + 21));
    });

    it("counts lines and errors by the second, for a minute", () => {
        const process = new Process("web", service);
        process.log(line(1));
        process.log(line(2, "ERROR"));
        process.second();
        process.second();
        expect(process.view.rates).toEqual([2, 0]);
        expect(process.view.errors).toEqual([1, 0]);
        for (let i = 0; i < 2 * SECONDS; i += 1) process.second();
        expect(process.view.rates).toHaveLength(SECONDS);
    });

    it("measures from one reading to the next, and begins anew with another PID", () => {
        const process = new Process("web", service);
        process.measure(reading(7, 1000), 0);
        process.measure(reading(7, 1500), 2000);
        process.measure(reading(8, 10), 4000);
        process.measure(reading(8, 1010), 6000);
        expect(process.view.cpu).toEqual([25, 50]);
        expect(process.view.memory).toEqual([10240, 10240, 10240, 10240]);
    });

    it("asks the hub by its name", async () => {
        const asked: string[] = [];
        const fetch = async (url: unknown, init?: RequestInit): Promise<Response> => {
            asked.push(`${init?.method} ${String(url)}`);
            return new Response("{}");
        };
        const process = new Process("a b", new LogStreamingService("http://hub", { fetch: fetch as typeof globalThis.fetch }));
        await process.restart();
        await process.stop();
        expect(asked).toEqual(["POST http://hub/api/v1/processes/a%20b/restart", "POST http://hub/api/v1/processes/a%20b/stop"]);
    });
});

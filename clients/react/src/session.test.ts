// SPDX-License-Identifier: MIT
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LogMessage, LogStreamingService } from "@logmill/client";
import { Session } from "./session.js";

const LAST = 2_000;
const record = (id: number): LogMessage => ({
    id,
    timestamp: "2026-01-15T10:00:00.000000Z",
    level: "info",
    stream: "stdout",
    message: `line ${id}`,
});
const range = (from: number, to: number): LogMessage[] =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => record(from + i));

/** A hub with LAST records. */
const service = {
    around: async (id: number, { before = 50, after = 50 }) => ({ logs: range(id - before, Math.min(LAST, id + after)) }),
    search: async ({ q = "", order, limit = 100 }: { q?: string; order?: string; limit?: number }) => {
        const [, op, id] = /id([<>])(\d+)/.exec(q) as unknown as [string, string, string];
        const from = op === ">" ? Number(id) + 1 : Math.max(1, Number(id) - limit);
        const logs = range(from, Math.min(LAST, from + limit - 1, op === "<" ? Number(id) - 1 : LAST));
        return { logs: order === "desc" ? logs.reverse() : logs };
    },
} as unknown as LogStreamingService;

const idsOf = ({ model }: Session): number[] => {
    const ids: number[] = [];
    model.shown.forEach((row) => ids.push(row.id));
    return ids;
};

describe("a list that keeps few lines", () => {
    beforeEach(() => {
        vi.stubGlobal("document", { hidden: true });
        vi.stubGlobal("window", globalThis);
    });

    it.each([10, 100, 400, 1000])("of %i shows the line that a link leads to, and what lies around it", async (keep) => {
        const session = new Session({ service, keep });
        await session.seekId(1000);
        const ids = idsOf(session);
        expect(ids).toContain(1000);
        expect(ids.length).toBeLessThanOrEqual(keep);
        expect(ids.filter((id) => id < 1000).length).toBeGreaterThan(1);
        expect(ids.filter((id) => id > 1000).length).toBeGreaterThan(1);
    });

    it("goes on loading in both directions, without a hole", async () => {
        const session = new Session({ service, keep: 100 });
        await session.seekId(1000);
        const top = idsOf(session)[0] as number;
        await session.reachedTop();
        expect(idsOf(session)).toContain(top);
        await session.reachedTop();
        await session.reachedEnd();
        const ids = idsOf(session);
        expect(ids.length).toBeLessThanOrEqual(session.model.capacity);
        expect(ids).toEqual(Array.from(ids, (_, i) => (ids[0] as number) + i));
    });
});

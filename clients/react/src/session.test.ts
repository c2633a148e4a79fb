// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LogMessage, LogStreamingService } from "@logmill/client";
import { EVERYTHING } from "./filter.js";
import type { OpenStream, Place } from "./row_stream.js";
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

    it("says that the line of a link is not there, until one goes elsewhere", async () => {
        const session = new Session({ service, keep: 100 });
        await session.seekId(LAST + 5);
        expect(session.isAstray).toBe(true);
        await session.seekId(1000);
        expect(session.isAstray).toBe(false);
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

describe("a list that begins with lines asked for before", () => {
    beforeEach(() => {
        vi.stubGlobal("document", { hidden: true, addEventListener: () => undefined, removeEventListener: () => undefined });
        vi.stubGlobal("window", globalThis);
        vi.stubGlobal("addEventListener", () => undefined);
        vi.stubGlobal("removeEventListener", () => undefined);
        vi.stubGlobal("cancelAnimationFrame", () => undefined);
    });

    const sessions: Session[] = [];
    afterEach(() => sessions.splice(0).forEach((session) => session.stop()));

    /** Starts a session and says from where it asked for a stream. */
    const begin = (...how: Parameters<Session["start"]>): { session: Session; opened: Place[] } => {
        const opened: Place[] = [];
        const streams: OpenStream = (_filter, place) => {
            opened.push(place);
            return { connect: () => undefined, disconnect: () => undefined };
        };
        const session = new Session({ service, streams });
        session.start(...how);
        sessions.push(session);
        return { session, opened };
    };

    it("shows them at once and goes on behind the last one", () => {
        const { session, opened } = begin(null, { logs: range(1501, 2000), at: null });
        expect(idsOf(session)).toHaveLength(500);
        expect(opened).toEqual([{ after: 2000 }]);
        expect(session.model.pause).toBeNull();
    });

    it("stands at the line of a link, without a stream", () => {
        const { session, opened } = begin(1000, { logs: range(750, 1250), at: 1000 });
        expect(session.wanted).toBe(1000);
        expect(session.model.edge).toBe("history");
        expect(opened).toEqual([]);
    });

    it("waits for them when they are on their way, but not when the reader has gone elsewhere", async () => {
        const soon = Promise.resolve({ logs: range(1501, 2000), at: null });
        const { session, opened } = begin(null, soon);
        expect(opened).toEqual([]);
        await soon;
        await Promise.resolve();
        expect([idsOf(session).length, opened]).toEqual([500, [{ after: 2000 }]]);
        let answer: (page: Awaited<typeof soon>) => void = () => undefined;
        const other = begin(null, new Promise<Awaited<typeof soon>>((resolve) => (answer = resolve)));
        await other.session.seekId(1000);
        answer(await soon);
        await Promise.resolve();
        expect(other.session.wanted).toBe(1000);
        expect(other.opened).toEqual([]);
    });

    it.each([
        ["none", { logs: [], at: null }],
        ["those of another place", { logs: range(1, 5), at: 3 }],
    ])("asks for the newest itself when there are %s", (_, first) => {
        expect(begin(null, first).opened).toEqual([{ tail: 500 }]);
    });

    it("says which of them could not be read", () => {
        const { session } = begin(null, { logs: range(1501, 2000), at: null, unread: [{ first_id: 1600, last_id: 1650, count: 3 }] });
        expect([...session.model.loaded.notices].map(({ id, lost }) => [id, lost])).toEqual([[1599, 3]]);
    });
});

describe("hits of a filter", () => {
    beforeEach(() => {
        vi.stubGlobal("document", { hidden: true });
        vi.stubGlobal("window", globalThis);
    });
    const words = { ...EVERYTHING, q: "line" };

    it("stay marked when its words are lifted, until others are typed", () => {
        const session = new Session({ service, filter: words });
        session.lift(EVERYTHING, 1000);
        expect([session.model.filter.q, session.lookedFor.q]).toEqual(["", "line"]);
        session.setFilter({ ...EVERYTHING, level: "warn" });
        expect(session.lookedFor.q).toBe("line");
        session.filterAgain();
        expect([session.model.filter.q, session.lifted]).toEqual(["line", null]);
        session.lift(EVERYTHING);
        session.setFilter({ ...EVERYTHING, q: "other" });
        expect([session.lifted, session.lookedFor.q]).toEqual([null, "other"]);
    });

    it("are asked of the hub where they are not loaded", async () => {
        const session = new Session({ service, filter: words });
        expect(await session.nextHit(500, 1)).toBe(501);
        expect(await session.nextHit(500, -1)).toBe(499);
        expect(await session.nextHit(LAST, 1)).toBe(0);
    });
});

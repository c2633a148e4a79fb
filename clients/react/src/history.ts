// SPDX-License-Identifier: MIT
//
// Pages of the past for the viewer: what lies before the first row, after the last one, around a
// record, from a time on, and in a hole. One request at a time in each direction; an answer that
// comes after the rows were replaced is thrown away.

import type { LogFilter, LogMessage, LogStreamingService, Page, UnreadPlace } from "@logmill/client";
import { toLogFilter, type Filter } from "./filter.js";
import type { Hole } from "./record.js";

export const PAGE = 500;
/** How far behind a time its record is looked for; null is any. */
const SPANS_MS = [60_000, 3_600_000, 86_400_000, null] as const;

/** What a reader sees first. */
export interface FirstPage {
    logs: LogMessage[];
    /** The record they lie around; null when they are the newest. */
    at: number | null;
    /** What of them could not be read. */
    unread?: UnreadPlace[] | undefined;
}

/** The newest lines, or those around the record `at`, oldest first. */
export async function firstPage(
    service: LogStreamingService,
    filter: Filter,
    at: number | null,
): Promise<FirstPage> {
    const wanted = toLogFilter(filter);
    if (at !== null) {
        const { logs, unread_at: unread } = await service.around(at, { ...wanted, before: PAGE / 2, after: PAGE / 2 });
        return { at, logs, unread };
    }
    const { logs, unread_at: unread } = await service.search({ ...wanted, order: "desc", limit: PAGE, count: "none" });
    return { at, logs: logs.reverse(), unread };
}

export class History {
    private readonly busy = new Map<string, AbortController>();
    private unread: UnreadPlace[] = [];

    constructor(private readonly service: LogStreamingService) {}

    /** Nothing that is under way is of interest any more. */
    cancel(): void {
        for (const request of this.busy.values()) request.abort();
        this.busy.clear();
    }

    isBusy(what: string): boolean {
        return this.busy.has(what);
    }

    /** What could not be read of the pages since this was asked last. */
    takeUnread(): UnreadPlace[] {
        const { unread } = this;
        this.unread = [];
        return unread;
    }

    /** Right before `id`, oldest first. Null when such a request is under way, or was cancelled. */
    async before(filter: Filter, id: number, limit = PAGE): Promise<LogMessage[] | null> {
        const rows = await this.ask("before", toLogFilter(filter, `id<${id}`), "desc", limit);
        return rows && rows.reverse();
    }

    after(filter: Filter, id: number, limit = PAGE): Promise<LogMessage[] | null> {
        return this.ask("after", toLogFilter(filter, `id>${id}`), "asc", limit);
    }

    /** The nearest one after `id`, or before it. */
    next(filter: Filter, id: number, step: 1 | -1): Promise<LogMessage[] | null> {
        const [op, order] = step > 0 ? ([">", "asc"] as const) : (["<", "desc"] as const);
        return this.ask("hit", toLogFilter(filter, `id${op}${id}`), order, 1);
    }

    /** The record that a time leads to: the first one from then on, else the last one before. Records
     * have the order of arrival, so the nearest times are looked at first; those of an import that came
     * later do not mislead. 0 when there is none; null when it was cancelled. */
    async idAt(filter: Filter, time: Date): Promise<number | null> {
        const wanted = toLogFilter(filter);
        for (const span of SPANS_MS) {
            const range = { from: time, ...(span !== null && { to: new Date(time.getTime() + span) }) };
            const found = await this.ask("place", wanted, "asc", 1, range);
            if (!found || found[0]) return found && (found[0] as LogMessage).id;
        }
        const before = await this.ask("place", wanted, "desc", 1, { to: time });
        return before && (before[0]?.id ?? 0);
    }

    /** The record itself and what lies around it. */
    around(filter: Filter, id: number, each: number): Promise<LogMessage[] | null> {
        return this.once("place", (signal) =>
            this.service.around(id, { ...toLogFilter(filter), before: each, after: each, signal }),
        );
    }

    hole(filter: Filter, { from, to }: Hole, limit: number): Promise<LogMessage[] | null> {
        return this.ask(`hole ${from}`, toLogFilter(filter, `id>=${from} id<=${to}`), "asc", limit);
    }

    /** How many records lie after `id`, and the last of them; null when there are none. */
    async missed(filter: Filter, id: number): Promise<{ lines: number; to: number } | null> {
        const wanted = toLogFilter(filter, `id>${id}`);
        const page = await this.service.search({ ...wanted, order: "desc", limit: 1, count: "capped" });
        const last = page.logs[0];
        return last ? { lines: page.pagination.total ?? 1, to: last.id } : null;
    }

    private ask(
        what: string,
        filter: LogFilter,
        order: "asc" | "desc",
        limit: number,
        range: { from?: Date; to?: Date } = {},
    ): Promise<LogMessage[] | null> {
        return this.once(what, (signal) =>
            this.service.search({ ...filter, ...range, order, limit, count: "none", signal }),
        );
    }

    private async once(what: string, ask: (signal: AbortSignal) => Promise<Page>): Promise<LogMessage[] | null> {
        if (this.busy.has(what)) return null;
        const request = new AbortController();
        this.busy.set(what, request);
        try {
            const page = await ask(request.signal);
            if (request.signal.aborted) return null;
            if (page.unread_at) this.unread.push(...page.unread_at);
            return page.logs;
        } catch (error) {
            if (request.signal.aborted) return null;
            throw error;
        } finally {
            if (this.busy.get(what) === request) this.busy.delete(what);
        }
    }
}

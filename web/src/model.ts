// SPDX-License-Identifier: MIT
//
// The rows of the page, and the rules by which they come and go.
//
// `loaded` holds what the stream sent. `shown` is what the list draws: the same ring, or, between a
// change of the filter and the hub's answer, those loaded rows that pass the new filter.
//
// When the answer (the newest lines under the new filter) begins, rows before its first line stay
// if nothing can be missing among them: the new filter must be narrower than the old one, and the
// old rows must reach up to that line. Everything else is replaced.
//
// While the reader has paused, no row goes away. When the ring is full then, further lines are only
// counted; on resuming they are fetched from the hub's history, after the last line kept.

import { EVERYTHING, implies, matcher, sameFilter, type Filter } from "./filter";
import { ERROR, parseRow, remark, type Row } from "./record";
import { Ring } from "./ring";
import type { SseEvent } from "./sse";

export const KEEP = 100_000; // rows while following
export const KEEP_PAUSED = 110_000; // rows before new ones are only counted
const TRIM = 1_000;

export interface Pause {
    lines: number; // new since the pause
    errors: number;
}

export class Model {
    loaded = new Ring<Row>(KEEP_PAUSED);
    shown = this.loaded;
    filter: Filter = EVERYTHING;
    pause: Pause | null = null;
    /** Changes when rows were replaced and not merely added or trimmed. */
    generation = 0;
    received = 0;
    errors = 0;
    dropped = 0;
    gaps = 0;
    orderFaults = 0;
    lastId = 0;
    cleared: Row[] | null = null;
    /** Where to resume to fetch what was only counted. */
    refetchAfter: string | null = null;

    private loadedFilter: Filter = EVERYTHING;
    private fresh: Filter | null = EVERYTHING; // what an opened stream will answer to, until it does
    private passes: (row: Row) => boolean = () => true;
    private pauseId = 0;
    private onlyCounted = 0;
    private epoch = "";
    private keptCursor: string | null = null;

    constructor(
        private readonly changed: () => void = () => undefined,
        private readonly now: () => number = () => Date.now(),
    ) {}

    /** Acts on the loaded rows at once. The caller then opens a fresh stream and says so. */
    setFilter(filter: Filter): void {
        this.filter = filter;
        this.passes = matcher(filter);
        this.preview();
        this.changed();
    }

    /** A stream without a cursor is about to be opened with this filter. */
    expectFresh(filter: Filter): void {
        this.fresh = filter;
    }

    event(event: SseEvent, cursor: string | null): void {
        this.noteEpoch(cursor);
        if (event.data === null) this.heartbeat();
        else this.line(event.data, event.type);
        if (this.refetchAfter === null) this.keptCursor = cursor;
        this.changed();
    }

    /** Adds a remark of this page as a row. */
    say(message: string): void {
        this.append(remark(message, this.lastId, this.now()));
        this.changed();
    }

    stopFollowing(): void {
        if (this.pause) return;
        this.pause = { lines: 0, errors: 0 };
        this.pauseId = this.lastId;
        this.changed();
    }

    /** Returns the cursor to fetch from when lines were only counted, else null. */
    follow(): string | null {
        const after = this.refetchAfter;
        if (after !== null) {
            this.lastId = this.lastKeptId();
            this.received -= this.onlyCounted;
        }
        this.pause = null;
        this.keepAgain();
        this.trim();
        this.changed();
        return after;
    }

    clear(): void {
        const rows: Row[] = [];
        this.shown.forEach((row) => rows.push(row));
        if (rows.length > 0) this.cleared = rows;
        this.replace([]);
        if (this.pause) this.pause = { lines: 0, errors: 0 };
        this.changed();
    }

    forgetCleared(): void {
        this.cleared = null;
    }

    undoClear(): void {
        if (!this.cleared) return;
        const rows = this.cleared;
        this.shown.forEach((row) => rows.push(row));
        this.cleared = null;
        this.replace(rows.slice(-KEEP));
        this.changed();
    }

    private preview(): void {
        this.generation += 1;
        this.shown = new Ring<Row>(KEEP_PAUSED);
        this.loaded.forEach((row) => {
            if (this.passes(row)) this.shown.push(row);
        });
        this.recountPause();
    }

    private replace(rows: readonly Row[]): void {
        this.generation += 1;
        this.loaded = new Ring<Row>(KEEP_PAUSED);
        for (const row of rows) this.loaded.push(row);
        this.shown = this.loaded;
        this.recountPause();
    }

    private recountPause(): void {
        if (!this.pause) return;
        const pause = { lines: 0, errors: 0 };
        for (let seq = this.shown.end - 1; seq >= this.shown.first; seq -= 1) {
            const row = this.shown.at(seq) as Row;
            if (row.id <= this.pauseId) break;
            pause.lines += 1;
            if (row.level >= ERROR) pause.errors += 1;
        }
        this.pause = pause;
    }

    private heartbeat(): void {
        // Nothing under this filter: the rows before cannot be continued, so they are not kept.
        if (this.fresh) this.begin(this.fresh, 0);
    }

    private line(json: string, type: string): void {
        let row: Row;
        try {
            row = parseRow(json, type !== "log", this.lastId);
        } catch {
            row = remark(`a line of the stream could not be read: ${json}`, this.lastId, this.now());
        }
        if (this.fresh) this.begin(this.fresh, row.notice ? 0 : row.id);
        if (row.notice) this.countNotice(row, type);
        else this.countRecord(row);
        this.append(row);
    }

    /** The answer to a fresh stream starts with record `id`; 0 when that is not known. */
    private begin(filter: Filter, id: number): void {
        const seamless = id > 0 && id <= this.lastKeptId() && implies(filter, this.loadedFilter);
        const passes = matcher(filter);
        const kept: Row[] = [];
        if (seamless)
            this.loaded.forEach((row) => {
                if (row.id < id && passes(row)) kept.push(row);
            });
        this.fresh = null;
        this.cleared = null;
        this.loadedFilter = filter;
        this.lastId = 0;
        this.keepAgain();
        this.replace(kept);
        if (!sameFilter(filter, this.filter)) this.preview();
    }

    private lastKeptId(): number {
        return this.loaded.at(this.loaded.end - 1)?.id ?? 0;
    }

    private keepAgain(): void {
        this.refetchAfter = null;
        this.onlyCounted = 0;
    }

    private countRecord(row: Row): void {
        this.received += 1;
        if (row.level >= ERROR) this.errors += 1;
        if (row.id <= this.lastId) this.orderFault(row.id);
        this.lastId = row.id;
    }

    private countNotice(row: Row, type: string): void {
        if (type === "dropped") this.dropped += row.lost;
        else if (type === "gap") this.gaps += 1;
    }

    private orderFault(id: number): void {
        this.orderFaults += 1;
        if (this.orderFaults === 1) this.say(`the stream went back from id ${this.lastId} to ${id}`);
    }

    /** Ids rise within an epoch; a new one may start lower. */
    private noteEpoch(cursor: string | null): void {
        const epoch = epochOf(cursor);
        if (epoch !== this.epoch) this.lastId = 0;
        this.epoch = epoch;
    }

    private append(row: Row): void {
        if (this.pause && this.loaded.length >= KEEP_PAUSED) {
            this.refetchAfter ??= this.keptCursor;
            this.onlyCounted += row.notice ? 0 : 1;
            this.countPaused(row);
            return;
        }
        this.loaded.push(row);
        if (this.shown !== this.loaded && this.passes(row)) this.shown.push(row);
        this.countPaused(row);
        if (!this.pause) this.trim();
    }

    private countPaused(row: Row): void {
        if (!this.pause || row.notice || row.id <= this.pauseId || !this.passes(row)) return;
        this.pause.lines += 1;
        if (row.level >= ERROR) this.pause.errors += 1;
    }

    private trim(): void {
        if (this.loaded.length > KEEP) this.loaded.trimTo(this.loaded.end - KEEP + TRIM);
        if (this.shown !== this.loaded && this.shown.length > KEEP)
            this.shown.trimTo(this.shown.end - KEEP + TRIM);
    }
}

/** Cursors are opaque; only whether the part before the last dot stays the same matters here. */
function epochOf(cursor: string | null): string {
    return cursor === null ? "" : cursor.slice(0, Math.max(0, cursor.lastIndexOf(".")));
}

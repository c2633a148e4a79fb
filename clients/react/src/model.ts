// SPDX-License-Identifier: MIT
//
// The rows of the viewer, and the rules by which they come and go.
//
// `loaded` is one piece of the log without a hole: all records that pass `loadedFilter` between its
// first row and its last. It grows at its end while the stream is attached, and at either end by
// pages of history. `shown` is what the list draws: the same ring, or, between a change of the filter
// and the hub's answer, those loaded rows that pass the new filter.
//
//     older page ─▶ [ loaded ················ ] ◀─ stream (attached), or newer page (not attached)
//
// When the answer (the newest lines under the new filter) begins, rows before its first line stay
// if nothing can be missing among them: the new filter must be narrower than the old one, and the
// old rows must reach up to that line. Everything else is replaced.
//
// While the reader has paused, no row on the screen goes away. When the ring is full then, further
// lines are only counted, and `missed` says where to go on.

import type { LogMessage, Notice, UnreadPlace } from "@logmill/client";
import { EVERYTHING, implies, matcher, sameFilter, type Filter } from "./filter.js";
import { epochOf, ERROR, noticeRow, remark, rowOf, type Row } from "./record.js";
import { Rows } from "./rows.js";
import { placesWithin, withUnread } from "./unread.js";

/** Rows that go at once when there are too many, of a large list; a small one gives up a tenth. */
const TRIM = 1_000;
/** Rows that are looked through at once for a new filter; the hub's answer brings older ones back. */
const AT_ONCE = 100_000;
const RESERVE = 1.1; // of `keep`: what a paused list may hold

export interface Pause {
    lines: number; // new since the pause
    errors: number;
}

function restOf(notice: Row, filled: readonly Row[]): Row | null {
    const last = filled.at(-1);
    if (!last || !notice.hole) return null;
    const lost = Math.max(1, notice.lost - filled.length);
    const hole = { from: last.id + 1, to: notice.hole.to };
    return { ...notice, id: last.id, lost, hole, message: `${lost} more lines were dropped here`, cells: -1 };
}

/** How the end of the rows meets the present. */
export type Edge = "attached" | "counting" | "history";

export class Model {
    readonly capacity: number;
    private readonly trimming: number;
    loaded: Rows;
    shown: Rows;
    filter: Filter = EVERYTHING;
    pause: Pause | null = null;
    /** `attached`: the stream adds rows. `counting`: it is only counted, after the last row.
     * `history`: the rows end in the past, and the stream is closed. */
    edge: Edge = "attached";
    /** Nothing older than the first row is kept by the hub. */
    atStart = false;
    /** Changes when rows were replaced and not merely added or trimmed. */
    generation = 0;
    received = 0;
    errors = 0;
    dropped = 0;
    gaps = 0;
    orderFaults = 0;
    lastId = 0;
    cleared: Row[] | null = null;

    private loadedFilter: Filter = EVERYTHING;
    private fresh: Filter | null = EVERYTHING; // what an opened stream will answer to, until it does
    private passes: (row: Row) => boolean = () => true;
    private pauseId = 0;
    private onlyCounted = 0;
    private epoch = "";

    constructor(
        readonly keep = 100_000,
        private readonly changed: () => void = () => undefined,
        private readonly now: () => number = () => Date.now(),
    ) {
        this.capacity = Math.ceil(keep * RESERVE);
        this.trimming = Math.min(TRIM, Math.ceil(keep / 10));
        this.loaded = new Rows(this.capacity);
        this.shown = this.loaded;
    }

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
        this.edge = "attached";
    }

    /** The answer of a stream without a cursor has not begun yet. */
    get isFresh(): boolean {
        return this.fresh !== null;
    }

    // --- the stream ---

    rows(rows: readonly Row[]): void {
        for (const row of rows) this.record(row);
        this.changed();
    }

    notice(notice: Notice): void {
        const row = noticeRow(notice, this.lastId);
        if (this.fresh) this.begin(this.fresh, 0);
        if (notice.type === "dropped") this.dropped += notice.count;
        else this.gaps += 1;
        if (notice.type === "gap" && notice.reason === "epoch") this.lastId = 0;
        this.append(row);
        this.changed();
    }

    /** The stream stands here. When nothing came before it, nothing matches: rows from before
     * cannot be continued. */
    cursor(cursor: string): void {
        const epoch = epochOf(cursor);
        const isBehind = Number(cursor.slice(epoch.length + 1)) < this.lastId;
        if (epoch !== this.epoch && (this.epoch !== "" || isBehind)) this.lastId = 0;
        this.epoch = epoch;
        if (!this.fresh) return;
        this.begin(this.fresh, 0);
        this.changed();
    }

    /** Adds a remark of this page as a row. */
    say(message: string): void {
        this.append(remark(message, this.lastId, this.now()));
        this.changed();
    }

    private record(row: Row): void {
        if (this.fresh) this.begin(this.fresh, row.id);
        this.received += 1;
        if (row.level >= ERROR) this.errors += 1;
        if (row.id <= this.lastId) this.orderFault(row.id);
        this.lastId = row.id;
        this.append(row);
    }

    private orderFault(id: number): void {
        this.orderFaults += 1;
        if (this.orderFaults === 1) this.say(`the stream went back from id ${this.lastId} to ${id}`);
    }

    // --- standing still and going on ---

    stopFollowing(): void {
        if (this.pause) return;
        this.pause = { lines: 0, errors: 0 };
        this.pauseId = this.lastId;
        this.changed();
    }

    /** Back to the present. Says how the caller has to reach it: "attached" means that it is there,
     * "counting" that a stream after `lastKeptId()` is wanted, "history" that a fresh one is. */
    follow(): Edge {
        const edge = this.edge;
        if (edge === "counting") {
            this.lastId = this.lastKeptId();
            this.received -= this.onlyCounted;
        }
        this.onlyCounted = 0;
        if (edge !== "history") this.edge = "attached";
        this.pause = null;
        this.trim();
        this.changed();
        return edge;
    }

    lastKeptId(): number {
        return this.loaded.at(this.loaded.end - 1)?.id ?? 0;
    }

    firstKeptId(): number {
        return this.loaded.at(this.loaded.first)?.id ?? 0;
    }

    // --- history ---

    /** A page of records right before the first row, oldest first. */
    prepend(records: readonly LogMessage[]): void {
        for (let i = records.length - 1; i >= 0; i -= 1) {
            const row = rowOf(records[i] as LogMessage);
            if (this.loaded.unshift(row)) continue;
            this.loaded.cutFrom(this.loaded.end - this.trimming);
            this.edge = "history";
            this.loaded.unshift(row);
        }
        if (this.shown !== this.loaded) this.preview();
        this.changed();
    }

    /** A page of records right after the last row, while the stream is not attached. */
    extend(records: readonly LogMessage[]): void {
        for (const record of records) this.push(rowOf(record));
        this.lastId = this.lastKeptId();
        this.changed();
    }

    /** Shows a place in the past: these records and no others. */
    place(records: readonly LogMessage[]): void {
        this.fresh = null;
        this.cleared = null;
        this.loadedFilter = this.filter;
        this.atStart = false;
        this.edge = "history";
        this.pause ??= { lines: 0, errors: 0 };
        this.lastId = records.at(-1)?.id ?? 0;
        this.pauseId = this.lastId;
        this.replace(records.map(rowOf));
        this.changed();
    }

    /** The first records of a hole, in the place of the notice about it. When `whole` is not said there
     * are more, and a notice about the rest of them stays, which is returned. */
    fill(notice: Row, records: readonly LogMessage[], whole: boolean): Row | null {
        const filled = records.map(rowOf);
        const rest = whole ? null : restOf(notice, filled);
        const rows: Row[] = [];
        this.loaded.forEach((row) => {
            if (row !== notice) rows.push(row);
            else {
                for (const record of filled) rows.push(record);
                if (rest) rows.push(rest);
            }
        });
        this.dropped = Math.max(0, this.dropped - notice.lost + (rest?.lost ?? 0));
        const { pauseId } = this;
        this.replace(rows.slice(-this.capacity));
        this.pauseId = pauseId;
        if (!sameFilter(this.filter, this.loadedFilter)) this.preview();
        this.changed();
        return rest;
    }

    /** Says in place which records of the loaded ids the hub could not read. */
    sayUnread(places: readonly UnreadPlace[]): void {
        const low = this.atStart ? 0 : this.firstKeptId();
        const high = this.edge === "history" ? this.lastKeptId() : Infinity;
        const here = placesWithin(places, low, high);
        if (here.length === 0) return;
        this.replace(withUnread(this.loaded.toArray(), here));
        if (!sameFilter(this.filter, this.loadedFilter)) this.preview();
        this.changed();
    }

    /** Numbers of the loaded rows, by level. */
    get levelCounts(): readonly number[] {
        return this.loaded.levels;
    }

    // --- clearing the view ---

    clear(): void {
        const rows = this.shown.toArray();
        if (rows.length > 0) this.cleared = rows;
        this.replace([]);
        if (this.pause) this.pause = { lines: 0, errors: 0 };
        this.atStart = true; // what was cleared is not scrolled back to
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
        this.atStart = false;
        this.replace(rows.slice(-this.keep));
        this.changed();
    }

    // --- rows ---

    private preview(): void {
        this.generation += 1;
        this.shown = Rows.of(this.loaded.passing(this.passes, AT_ONCE), this.capacity);
        this.recountPause();
    }

    private replace(rows: readonly Row[]): void {
        this.generation += 1;
        this.loaded = Rows.of(rows, this.capacity);
        this.shown = this.loaded;
        this.recountPause();
    }

    private recountPause(): void {
        if (this.pause) this.pause = this.shown.since(this.pauseId);
    }

    /** The answer to a fresh stream starts with record `id`; 0 when that is not known. */
    private begin(filter: Filter, id: number): void {
        const seamless = id > 0 && id <= this.lastKeptId() && implies(filter, this.loadedFilter);
        let kept: Row[] = [];
        if (seamless) {
            const end = this.loaded.lowerBound((row) => row.id < id);
            kept = this.loaded.passing(matcher(filter), AT_ONCE, end);
            if (end - this.loaded.first > AT_ONCE) this.atStart = false;
        }
        this.fresh = null;
        this.cleared = null;
        this.loadedFilter = filter;
        this.lastId = 0;
        this.edge = "attached";
        this.atStart = seamless && this.atStart;
        this.replace(kept);
        if (!sameFilter(filter, this.filter)) this.preview();
    }

    private append(row: Row): void {
        if (this.pause && this.edge === "attached" && this.loaded.length >= this.capacity) this.edge = "counting";
        if (this.edge === "attached") this.push(row);
        else if (!row.notice) this.onlyCounted += 1;
        this.countPaused(row);
        if (!this.pause) this.trim();
    }

    private push(row: Row): void {
        this.loaded.push(row);
        if (this.shown !== this.loaded && this.passes(row)) this.shown.push(row);
    }

    private countPaused(row: Row): void {
        if (!this.pause || row.notice || row.id <= this.pauseId || !this.passes(row)) return;
        this.pause.lines += 1;
        if (row.level >= ERROR) this.pause.errors += 1;
    }

    private trim(): void {
        if (this.loaded.length > this.keep) {
            this.loaded.trimTo(this.loaded.end - this.keep + this.trimming);
            this.atStart = false;
        }
        if (this.shown !== this.loaded && this.shown.length > this.keep)
            this.shown.trimTo(this.shown.end - this.keep + this.trimming);
    }
}

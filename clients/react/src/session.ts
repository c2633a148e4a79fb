// SPDX-License-Identifier: MIT
//
// One reader's session: joins stream, history, rows and the rhythm of drawing.

import {
    filterError,
    type ConnectionState,
    type FilterError,
    type LogStreamingService,
    type UnreadPlace,
} from "@logmill/client";
import { Bookmarks } from "./bookmarks.js";
import { Memory } from "./complete.js";
import { Drawing } from "./drawing.js";
import { EVERYTHING, sameFilter, toLogFilter, type Filter } from "./filter.js";
import { History, PAGE, type FirstPage } from "./history.js";
import { Model } from "./model.js";
import { Pace } from "./pace.js";
import { epochOf, rowOf, type Row } from "./record.js";
import { streamsOf, type OpenStream, type Place, type RowStream } from "./row_stream.js";
import { Signal } from "./signal.js";

const TYPING_MS = 180;
const UNDO_MS = 15_000;
const TAIL = 500;
/** A hole of at most so many lines fills itself, FILL_MOST at a time. */
const FILL_AT_ONCE = 50_000;
const FILL_MOST = 10_000;

export interface Behind {
    lines: number;
    /** Up to this id. */
    to: number;
}

export interface SessionOptions {
    service: LogStreamingService;
    /** Rows that are kept. */
    keep?: number;
    filter?: Filter;
    onFilter?: (filter: Filter, why: "typed" | "chosen") => void;
    /** Where streams come from, when not from `service` on this thread. */
    streams?: OpenStream;
    /** Those that are kept; else the session has its own. */
    bookmarks?: Bookmarks;
}

export class Session {
    private readonly drawing = new Drawing();
    /** Rows changed; at most once per frame. */
    readonly rows = this.drawing.rows;
    /** Counters changed; a few times a second. */
    readonly stats = this.drawing.stats;
    /** Filter, pause or connection changed. */
    readonly state = new Signal();

    readonly pace: Pace;
    readonly model: Model;
    readonly service: LogStreamingService;
    connection: ConnectionState = { name: "closed" };
    /** What is wrong with the text of the filter as it stands. */
    filterError: FilterError | null = null;
    /** The last failure that the reader should know of. */
    trouble = "";
    /** What a stream that goes on has still to bring of what was missed; null when it is at the present. */
    behind: Behind | null = null;
    /** A record that is to be brought on the screen once it is loaded. */
    wanted: number | null = null;
    /** The record that was asked for last: it stays marked. */
    sought: number | null = null;
    /** It is not among the rows that were found around it. */
    isAstray = false;

    /** The filter whose hits are marked although it does not choose the lines any more; null when it does. */
    lifted: Filter | null = null;

    readonly bookmarks: Bookmarks;
    /** What completion knows. */
    readonly memory = new Memory();

    private readonly history: History;
    private readonly openStream: OpenStream;
    private stream: RowStream | null = null;
    private typing = 0;
    private undoable = 0;
    private life = 0; // changes with every start and stop

    constructor(private readonly options: SessionOptions) {
        this.service = options.service;
        this.bookmarks = options.bookmarks ?? new Bookmarks();
        this.history = new History(options.service);
        this.openStream = options.streams ?? streamsOf(options.service);
        this.model = new Model(options.keep, this.drawing.soon);
        this.pace = new Pace(() => this.model.received, () => this.stats.fire());
        this.model.setFilter(options.filter ?? EVERYTHING);
        this.filterError = filterError(this.model.filter.q);
    }

    /** Begins with the newest lines, or at a place in the past: the record `at`. `first` are these lines, when
     * somebody has asked for them already. */
    start(at: number | null = null, first: FirstPage | Promise<FirstPage | null> | null = null): void {
        this.life += 1;
        if (first instanceof Promise) void this.startSoon(at, first);
        else this.begin(at, first);
        document.addEventListener("visibilitychange", this.visibility);
        addEventListener("online", this.retry);
        this.pace.start();
    }

    /** Unless the reader has gone somewhere else by then. */
    private async startSoon(at: number | null, asked: Promise<FirstPage | null>): Promise<void> {
        const { life } = this;
        const { filter } = this.model;
        const first = await asked;
        const hasMoved = this.stream !== null || this.model.edge === "history" || !sameFilter(filter, this.model.filter);
        if (this.life === life && !hasMoved) this.begin(at, first);
    }

    private begin(at: number | null, first: FirstPage | null): void {
        if (first && first.logs.length > 0 && first.at === at) this.startWith(first);
        else if (at === null) this.openFresh();
        else void this.startAt(at);
    }

    private startWith({ logs, at, unread = [] }: FirstPage): void {
        if (at !== null) {
            this.place(logs, at, unread);
            return;
        }
        this.model.expectFresh(this.model.filter);
        this.came(logs.map(rowOf));
        this.model.sayUnread(unread);
        this.open({ after: this.model.lastId });
        this.drawNow();
    }

    private async startAt(id: number): Promise<void> {
        const { life } = this;
        await this.seekId(id);
        if (this.life !== life || this.model.edge === "history") return;
        this.follow(); // the hub could not say what is there
        this.openFresh();
    }

    stop(): void {
        this.life += 1;
        document.removeEventListener("visibilitychange", this.visibility);
        removeEventListener("online", this.retry);
        this.pace.stop();
        clearTimeout(this.typing);
        clearTimeout(this.undoable);
        this.drawing.stop();
        this.history.cancel();
        this.stream?.disconnect();
    }

    /** Shows loaded rows under the new filter now; the hub's answer follows: the newest lines, or
     * those around the record `at`. */
    setFilter(filter: Filter, why: "typed" | "chosen" | "address" = "chosen", at?: number): void {
        if (sameFilter(filter, this.model.filter)) {
            this.model.filter = filter;
            this.state.fire();
            if (at !== undefined) void this.seekId(at);
            return;
        }
        this.filterError = filterError(filter.q);
        this.memory.recall(this.model.loaded);
        if (filter.q.trim() !== this.model.filter.q.trim()) this.lifted = null;
        this.model.setFilter(filter);
        if (why !== "address") this.options.onFilter?.(filter, why);
        clearTimeout(this.typing);
        this.typing = 0;
        if (at !== undefined) void this.seekId(at);
        else if (!this.filterError) this.typing = window.setTimeout(() => this.ask(), TYPING_MS);
        this.drawNow();
    }

    pause(): void {
        if (this.model.pause) return;
        this.model.stopFollowing();
        this.drawNow();
    }

    /** Back to the newest lines. */
    follow(): void {
        this.ask();
        if (!this.model.pause) return;
        this.isAstray = false;
        const edge = this.model.follow();
        if (edge === "counting") this.open({ after: this.model.lastKeptId() });
        else if (edge === "history") this.openFresh();
        this.drawNow();
    }

    /** Whose hits are marked, and gone to from one to the next. */
    get lookedFor(): Filter {
        return this.lifted ?? this.model.filter;
    }

    /** Lines that another filter leaves out are seen again, around the record `at`; hits of this one stay marked. */
    lift(filter: Filter, at?: number): void {
        const lifted = this.lookedFor;
        this.setFilter(filter, "chosen", at);
        this.lifted = lifted.q.trim() === "" && lifted.level === "trace" ? null : lifted;
        this.drawNow();
    }

    /** The filter that was lifted chooses again. */
    filterAgain(at?: number): void {
        if (this.lifted) this.setFilter(this.lifted, "chosen", at);
    }

    /** No hits are looked for any more. */
    forgetLifted(): void {
        this.lifted = null;
        this.drawNow();
    }

    /** The id of the nearest hit after `id`, or before it; 0 when there is none, null when that is not known. */
    async nextHit(id: number, step: 1 | -1): Promise<number | null> {
        const found = await this.attempt(this.history.next(this.lookedFor, id, step));
        return found && (found[0]?.id ?? 0);
    }

    clear(): void {
        this.model.clear();
        clearTimeout(this.undoable);
        this.undoable = window.setTimeout(() => {
            this.model.forgetCleared();
            this.state.fire();
        }, UNDO_MS);
        this.drawNow();
    }

    undoClear(): void {
        this.model.undoClear();
        this.drawNow();
    }

    readonly retry = (): void => this.stream?.connect();

    // --- the past ---

    /** Lines fetched at once: an even number, and so few that a small list keeps what it shows. */
    private get pageSize(): number {
        return Math.min(PAGE, Math.max(2, 2 * Math.floor(this.model.keep / 4)));
    }

    /** The reader has come near an end of the rows. */
    async reachedTop(): Promise<void> {
        const { model } = this;
        const first = model.firstKeptId();
        if (model.atStart || first === 0 || this.history.isBusy("before")) return;
        const { generation } = model;
        const page = await this.attempt(this.history.before(model.filter, first, this.pageSize));
        if (!page || model.generation !== generation) return;
        if (page.length < this.pageSize) model.atStart = true;
        model.prepend(page);
        model.sayUnread(this.history.takeUnread());
        this.detachFromPast();
    }

    async reachedEnd(): Promise<void> {
        const { model } = this;
        if (model.edge !== "history" || this.history.isBusy("after")) return;
        const { generation } = model;
        const page = await this.attempt(this.history.after(model.filter, model.lastKeptId(), this.pageSize));
        if (!page || model.generation !== generation) return;
        model.extend(page);
        model.sayUnread(this.history.takeUnread());
        if (page.length === this.pageSize) return;
        model.edge = "attached";
        this.open({ after: model.lastKeptId() });
    }

    /** Shows the records from a time on. */
    async seek(time: Date): Promise<void> {
        this.ask();
        this.history.cancel();
        this.pause();
        const id = await this.attempt(this.history.idAt(this.model.filter, time));
        if (id) await this.seekId(id);
        else if (id === 0) this.place([], null);
    }

    /** Shows one record and what lies around it, under the present filter. */
    async seekId(id: number): Promise<void> {
        this.ask();
        this.history.cancel();
        this.pause();
        const records = await this.attempt(this.history.around(this.model.filter, id, this.pageSize / 2));
        if (records) this.place(records, id);
    }

    private place(records: Parameters<Model["place"]>[0], id: number | null, unread: readonly UnreadPlace[] = []): void {
        this.stream?.disconnect();
        this.model.place(records);
        this.model.sayUnread([...unread, ...this.history.takeUnread()]);
        this.wanted = id;
        this.isAstray = id !== null && records.every((record) => record.id !== id);
        this.drawNow();
    }

    /** Fetches what a notice reports missing, up to FILL_MOST lines of it, and puts it in its place.
     * Returns the notice about the rest. */
    async fill(notice: Row): Promise<Row | null> {
        if (!notice.hole) return null;
        const records = await this.attempt(this.history.hole(this.model.filter, notice.hole, FILL_MOST));
        const rest = records && this.model.fill(notice, records, records.length < FILL_MOST);
        this.model.sayUnread(this.history.takeUnread());
        return rest;
    }

    private async attempt<T>(asked: Promise<T>): Promise<T | null> {
        try {
            const answer = await asked;
            this.sayTrouble("");
            return answer;
        } catch (error) {
            this.sayTrouble(error instanceof Error ? error.message : String(error));
            return null;
        }
    }

    private sayTrouble(text: string): void {
        if (text === this.trouble) return;
        this.trouble = text;
        this.state.fire();
    }

    // --- the stream ---

    private reload(): void {
        this.history.cancel();
        this.openFresh();
    }

    /** Whoever goes somewhere right after a change of the filter is not called back by its answer: the hub
     * is asked before. */
    private ask(): void {
        if (!this.typing) return;
        clearTimeout(this.typing);
        this.typing = 0;
        this.reload();
    }

    private openFresh(): void {
        this.isAstray = false;
        this.model.expectFresh(this.model.filter);
        this.open({ tail: TAIL });
    }

    private open(place: Place): void {
        this.stream?.disconnect();
        this.behind = null;
        this.stream = this.openStream(toLogFilter(this.model.filter), place, {
            rows: (rows) => this.came(rows),
            cursor: (cursor) => {
                this.pace.began();
                this.bookmarks.ofStore(epochOf(cursor));
                this.model.cursor(cursor);
            },
            notice: (notice) => {
                this.model.notice(notice);
                if (notice.type === "dropped") void this.fillSoon();
            },
            error: (message) => {
                if (/could not be read/.test(message)) this.model.say(message);
            },
            state: (state) => this.became(state),
        });
    }

    private came(rows: readonly Row[]): void {
        const last = rows.at(-1);
        if (!last) return;
        this.model.rows(rows);
        if (this.behind) {
            this.behind.lines -= rows.length;
            if (last.id >= this.behind.to) this.arrived();
        } else this.pace.came(last.time);
    }

    private became(state: ConnectionState): void {
        this.connection = state;
        this.pace.restart();
        if (state.name === "live") void this.measureBehind();
        else this.behind = null;
        this.state.fire();
    }

    private arrived(): void {
        this.behind = null;
        this.state.fire();
    }

    /** After a reconnection: how many lines are still to come, and up to which. */
    private async measureBehind(): Promise<void> {
        const after = this.model.lastId;
        if (after === 0 || this.model.isFresh) return;
        const { stream } = this;
        const missed = await this.history.missed(this.model.filter, after).catch(() => null);
        if (!missed || this.stream !== stream || this.model.lastId >= missed.to) return;
        this.behind = missed;
        this.state.fire();
    }

    /** The rows have grown beyond what is kept, at the expense of the present. */
    private detachFromPast(): void {
        if (this.model.edge === "history") this.stream?.disconnect();
        this.drawNow();
    }

    private async fillSoon(): Promise<void> {
        const { loaded, keep } = this.model;
        let row = loaded.at(loaded.end - 1) ?? null;
        if (!row || row.lost > Math.min(FILL_AT_ONCE, keep)) return;
        while (row?.hole) row = await this.fill(row);
    }

    // --- drawing ---

    private readonly visibility = (): void => {
        if (document.hidden) return;
        if (this.connection.name === "waiting") this.retry();
        this.drawing.soon();
    };

    private drawNow(): void {
        this.drawing.now();
        this.state.fire();
    }
}

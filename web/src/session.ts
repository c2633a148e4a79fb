// SPDX-License-Identifier: MIT
//
// One reader's session: joins stream, rows, address bar and the rhythm of drawing. However fast
// lines come, the list is drawn once per animation frame and the numbers four times a second. A
// hidden tab draws nothing and refreshes its counters once a second.

import { filterFromQuery, filterToParams, sameFilter, type Filter } from "./filter";
import { Model } from "./model";
import { Signal } from "./signal";
import { LogStream, type Connection } from "./stream";

const STATS_MS = 250;
const STATS_HIDDEN_MS = 1000;
const TYPING_MS = 180;
const UNDO_MS = 15_000;

export class Session {
    /** Rows changed; at most once per frame. */
    readonly rows = new Signal();
    /** Counters changed; a few times a second. */
    readonly stats = new Signal();
    /** Filter, pause or connection changed. */
    readonly state = new Signal();

    readonly model = new Model(() => this.changed());
    connection: Connection = { name: "connecting" };
    linesPerSecond = 0;

    private readonly stream = new LogStream({
        event: (event, cursor) => this.model.event(event, cursor),
        connection: (connection) => {
            this.connection = connection;
            this.replaying = true;
            this.state.fire();
        },
    });
    private frame = 0;
    private statsTimer = 0;
    private typing = 0;
    private undoable = 0;
    private replaying = true; // what comes first is the past, not a rate
    private rateAt = performance.now();
    private rateCount = 0;

    start(): void {
        this.model.setFilter(filterFromQuery(location.search));
        this.openFresh();
        document.addEventListener("visibilitychange", () => this.visibility());
        addEventListener("online", () => this.stream.retryNow());
        addEventListener("popstate", () => this.setFilter(filterFromQuery(location.search), "keep"));
        setInterval(() => this.measureRate(), 1000);
    }

    /** Shows loaded rows under the new filter now; the hub's answer follows. */
    setFilter(filter: Filter, address: "push" | "replace" | "keep" = "replace"): void {
        if (sameFilter(filter, this.model.filter)) return;
        this.model.setFilter(filter);
        if (address !== "keep") showInAddress(filter, address === "push");
        clearTimeout(this.typing);
        this.typing = window.setTimeout(() => this.openFresh(), TYPING_MS);
        this.drawNow();
    }

    pause(): void {
        if (this.model.pause) return;
        this.model.stopFollowing();
        this.drawNow();
    }

    follow(): void {
        if (!this.model.pause) return;
        const after = this.model.follow();
        if (after !== null) this.stream.open(this.model.filter, after);
        this.drawNow();
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

    retry(): void {
        this.stream.retryNow();
    }

    private openFresh(): void {
        this.model.expectFresh(this.model.filter);
        this.stream.open(this.model.filter);
    }

    private visibility(): void {
        if (document.hidden) return;
        this.stream.retryNow();
        this.changed();
    }

    private drawNow(): void {
        this.rows.fire();
        this.stats.fire();
        this.state.fire();
    }

    private changed(): void {
        if (!document.hidden && this.frame === 0)
            this.frame = requestAnimationFrame(() => {
                this.frame = 0;
                this.rows.fire();
            });
        if (this.statsTimer === 0)
            this.statsTimer = window.setTimeout(
                () => {
                    this.statsTimer = 0;
                    this.stats.fire();
                },
                document.hidden ? STATS_HIDDEN_MS : STATS_MS,
            );
    }

    private measureRate(): void {
        const now = performance.now();
        const seconds = (now - this.rateAt) / 1000;
        const lines = this.replaying ? 0 : Math.max(0, this.model.received - this.rateCount);
        const rate = lines / seconds;
        this.replaying = false;
        this.rateAt = now;
        this.rateCount = this.model.received;
        const smooth = this.linesPerSecond + (rate - this.linesPerSecond) * 0.5;
        const next = rate === 0 && smooth < 0.5 ? 0 : smooth;
        if (Math.round(next) !== Math.round(this.linesPerSecond)) this.stats.fire();
        this.linesPerSecond = next;
    }
}

function showInAddress(filter: Filter, push: boolean): void {
    const query = filterToParams(filter).toString();
    const address = location.pathname + (query === "" ? "" : `?${query}`);
    if (push) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
}

// SPDX-License-Identifier: MIT
//
// Records on their way to one window: gathered for 16 ms and sent as one message, warnings and worse at
// once. A window that stalls confirms nothing, so it is sent nothing more: what waits for it is bounded,
// the oldest go, and the next message says how many.

import type { WebContentsLike } from "./electron_types.js";
import type { AppRecord } from "./records.js";

const GATHER_MS = 16;
const WAITING_MAX = 1000;
/** A window that has not confirmed so many messages gets no more until it does. */
const UNCONFIRMED_MAX = 8;

export class WindowFeed {
    private waiting: AppRecord[] = [];
    private dropped = 0;
    private unconfirmed = 0;
    private timer: ReturnType<typeof setTimeout> | undefined;

    /** An absent or empty campaign or user means any. */
    constructor(
        private readonly window: WebContentsLike,
        public generation: number,
        private campaignId: string | undefined,
        private userEmail: string | undefined,
    ) {}

    /** The page registers again, or another page of this window does, which has confirmed nothing. */
    renew(generation: number, campaignId: string | undefined, userEmail: string | undefined): void {
        if (generation !== this.generation) this.unconfirmed = 0;
        Object.assign(this, { generation, campaignId, userEmail });
    }

    offer(record: AppRecord): void {
        if (!this.wants(record)) return;
        if (this.waiting.length >= WAITING_MAX) {
            this.waiting.shift();
            this.dropped += 1;
        }
        this.waiting.push(record);
        const isUrgent = record.level === "warn" || record.level === "error" || record.level === "fatal";
        if (isUrgent) this.send();
        else this.timer ??= setTimeout(() => this.send(), GATHER_MS);
    }

    /** The window has taken a message. */
    taken(): void {
        const hadStalled = this.unconfirmed >= UNCONFIRMED_MAX;
        this.unconfirmed = Math.max(0, this.unconfirmed - 1);
        if (hadStalled) this.send();
    }

    stop(): void {
        clearTimeout(this.timer);
        this.waiting = [];
    }

    /** System-wide records have neither campaign nor user, and are for everybody. */
    private wants({ campaignId, userEmail }: AppRecord): boolean {
        const isOther = (mine: string | undefined, theirs: string): boolean => Boolean(mine) && theirs !== "" && mine !== theirs;
        return !isOther(this.campaignId, campaignId) && !isOther(this.userEmail, userEmail);
    }

    private send(): void {
        clearTimeout(this.timer);
        this.timer = undefined;
        if (this.waiting.length === 0 || this.unconfirmed >= UNCONFIRMED_MAX || this.window.isDestroyed()) return;
        const { waiting, dropped } = this;
        this.waiting = [];
        this.dropped = 0;
        this.unconfirmed += 1;
        this.window.send("log-batch", waiting, dropped);
    }
}

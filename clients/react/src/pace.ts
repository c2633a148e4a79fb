// SPDX-License-Identifier: MIT
//
// How fast lines come, and how late: measured once a second, smoothed, and told when a reader would see
// another number. What a stream begins with is the past and counts for neither.

const QUIET_S = 10;
const OLD_MS = 60_000;

export class Pace {
    linesPerSecond = 0;
    /** From the time of the newest records to their arrival here, in ms; null when none came lately. */
    lag: number | null = null;

    private timer = 0;
    private past = true;
    private begun = false; // the past has begun to come
    private at = performance.now();
    private known = 0; // lines received by then
    private lagNow: number | null = null;
    private quiet = 0; // seconds without a line

    constructor(
        private readonly received: () => number,
        private readonly changed: () => void,
    ) {}

    start(): void {
        this.timer = window.setInterval(() => this.measure(), 1000);
    }

    stop(): void {
        clearInterval(this.timer);
    }

    /** A stream begins anew. */
    restart(): void {
        this.past = true;
        this.begun = false;
    }

    /** It says where it stands: what comes after this second is the present. */
    began(): void {
        this.begun = true;
    }

    /** A record of this time has come. */
    came(time: number): void {
        if (!this.past) this.lagNow = Math.max(this.lagNow ?? 0, Date.now() - time);
    }

    private measure(): void {
        const now = performance.now();
        const received = this.received();
        const lines = this.past ? 0 : Math.max(0, received - this.known);
        const rate = lines / ((now - this.at) / 1000);
        if (this.begun) this.past = false;
        this.at = now;
        this.known = received;
        const smooth = this.linesPerSecond + (rate - this.linesPerSecond) * 0.5;
        const next = rate === 0 && smooth < 0.5 ? 0 : smooth;
        this.measureLag();
        if (Math.round(next) !== Math.round(this.linesPerSecond)) this.changed();
        this.linesPerSecond = next;
    }

    /** The longest of this second; older than a minute means that the times are of another day. */
    private measureLag(): void {
        const now = this.lagNow;
        this.lagNow = null;
        if (now !== null) this.quiet = 0;
        else if (++this.quiet < QUIET_S) return;
        const next = now === null || now > OLD_MS || now < 0 ? null : Math.round(now);
        if (next !== this.lag) this.changed();
        this.lag = next;
    }
}

// SPDX-License-Identifier: MIT
//
// The rhythm of drawing. However fast lines come, the list is drawn once per animation frame and the numbers
// four times a second. A hidden tab draws nothing and refreshes its counters once a second.

import { Signal } from "./signal.js";

const STATS_MS = 250;
const STATS_HIDDEN_MS = 1000;

export class Drawing {
    /** Rows changed; at most once per frame. */
    readonly rows = new Signal();
    /** Counters changed; a few times a second. */
    readonly stats = new Signal();

    private frame = 0;
    private timer = 0;

    /** There is something to draw, in time. */
    readonly soon = (): void => {
        if (!document.hidden && this.frame === 0)
            this.frame = requestAnimationFrame(() => {
                this.frame = 0;
                this.rows.fire();
            });
        if (this.timer === 0)
            this.timer = window.setTimeout(
                () => {
                    this.timer = 0;
                    this.stats.fire();
                },
                document.hidden ? STATS_HIDDEN_MS : STATS_MS,
            );
    };

    now(): void {
        this.rows.fire();
        this.stats.fire();
    }

    stop(): void {
        clearTimeout(this.timer);
        cancelAnimationFrame(this.frame);
    }
}

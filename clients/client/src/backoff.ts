// SPDX-License-Identifier: MIT
//
// How long to wait before the next attempt: twice as long each time, at most `longest`, with a
// random half, so that a thousand clients of a restarted hub do not come in one moment. The count
// starts anew once a connection has held for STABLE_MS: a hub that accepts and closes is not alive.

export const FIRST_WAIT_MS = 300;
export const LONGEST_WAIT_MS = 30_000;
export const STABLE_MS = 5_000;

export function waitBefore(attempt: number, base: number, longest: number, random: number): number {
    const full = Math.min(longest, base * 2 ** Math.min(attempt, 20));
    return Math.round(full * (0.5 + random / 2));
}

/** Counts the attempts of one stream. */
export class Backoff {
    attempts = 0;
    /** What the hub asked for (`retry:` of SSE), or FIRST_WAIT_MS. */
    base = FIRST_WAIT_MS;
    private since: number | null = null;

    constructor(
        private readonly longest = LONGEST_WAIT_MS,
        private readonly random: () => number = Math.random,
        private readonly now: () => number = Date.now,
    ) {}

    connected(): void {
        this.since = this.now();
    }

    /** The connection has ended, or did not come about: the wait until the next attempt, in ms. */
    next(): number {
        if (this.since !== null && this.now() - this.since >= STABLE_MS) this.attempts = 0;
        this.since = null;
        const wait = waitBefore(this.attempts, this.base, this.longest, this.random());
        this.attempts += 1;
        return wait;
    }

    /** Asking again soon would not help: the next wait is the longest. */
    atLongest(): void {
        this.attempts = Math.max(this.attempts, 16);
    }

    reset(): void {
        this.attempts = 0;
    }
}

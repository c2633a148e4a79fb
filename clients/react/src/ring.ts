// SPDX-License-Identifier: MIT
//
// A ring of items. Every item has a sequence number that never changes, so that a place on the
// screen can be remembered as a number although items come and go at both ends.

/** Sequence numbers begin here, with room for a long way back. */
export const FIRST_SEQ = 2 ** 31;

export class Ring<T> {
    private readonly items: (T | undefined)[];
    /** Sequence number of the oldest item still here. */
    first = FIRST_SEQ;
    /** One past the newest. */
    end = FIRST_SEQ;

    constructor(readonly capacity: number) {
        this.items = new Array<T | undefined>(Math.max(1, capacity));
    }

    get length(): number {
        return this.end - this.first;
    }

    /** For those who keep sums: called for each item that comes or goes. */
    protected count(_item: T, _by: 1 | -1): void {
        // nothing to sum up here
    }

    /** Adds at the end; a full ring forgets its oldest item. Returns the sequence number. */
    push(item: T): number {
        if (this.length === this.items.length) this.trimTo(this.first + 1);
        this.items[this.end % this.items.length] = item;
        this.end += 1;
        this.count(item, 1);
        return this.end - 1;
    }

    /** Adds in front; false when the ring is full. */
    unshift(item: T): boolean {
        if (this.length === this.items.length) return false;
        this.first -= 1;
        this.items[this.first % this.items.length] = item;
        this.count(item, 1);
        return true;
    }

    at(seq: number): T | undefined {
        if (seq < this.first || seq >= this.end) return undefined;
        return this.items[seq % this.items.length];
    }

    /** Forgets everything before `seq`. */
    trimTo(seq: number): void {
        const to = Math.min(seq, this.end);
        for (; this.first < to; this.first += 1) this.forget(this.first);
    }

    /** Forgets `seq` and everything after it. */
    cutFrom(seq: number): void {
        const to = Math.max(seq, this.first);
        for (; this.end > to; this.end -= 1) this.forget(this.end - 1);
    }

    private forget(seq: number): void {
        const at = seq % this.items.length;
        this.count(this.items[at] as T, -1);
        this.items[at] = undefined;
    }

    forEach(visit: (item: T, seq: number) => void): void {
        for (let seq = this.first; seq < this.end; seq += 1)
            visit(this.items[seq % this.items.length] as T, seq);
    }

    /** The first sequence number whose item is not `before`; items must be ordered by that test. */
    lowerBound(before: (item: T) => boolean): number {
        let low = this.first;
        let high = this.end;
        while (low < high) {
            const middle = Math.floor((low + high) / 2);
            if (before(this.at(middle) as T)) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}

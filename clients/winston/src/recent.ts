// SPDX-License-Identifier: MIT
//
// The newest entries, for pages that have just been opened: a ring with a fixed size.

export class Recent<T> {
    private readonly items: (T | undefined)[];
    private next = 0;
    private count = 0;

    constructor(readonly size: number) {
        this.items = new Array<T | undefined>(size);
    }

    add(item: T): void {
        if (this.size === 0) return;
        this.items[this.next] = item;
        this.next = (this.next + 1) % this.size;
        this.count = Math.min(this.count + 1, this.size);
    }

    /** Oldest first. */
    list(): T[] {
        const start = (this.next - this.count + this.size) % Math.max(1, this.size);
        return Array.from({ length: this.count }, (_, i) => this.items[(start + i) % this.size] as T);
    }
}

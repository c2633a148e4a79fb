// SPDX-License-Identifier: MIT
//
// Lines that the reader has marked, as their ids, which a restart of the hub does not change. They are kept in the
// browser and are those of one store: another one has other lines under the same ids.

import { Signal } from "./signal.js";

const KEY = "logmill.bookmarks";
/** With one more the oldest one goes. */
export const MOST = 500;

interface Saved {
    /** Of the store, as its cursors begin; "" while nobody has said it. */
    epoch: string;
    ids: number[];
}

function isSaved(value: unknown): value is Saved {
    const { epoch, ids } = (value ?? {}) as Partial<Saved>;
    return typeof epoch === "string" && Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id) && id > 0);
}

export class Bookmarks {
    readonly changed = new Signal();
    private epoch = "";
    private ids = new Set<number>();

    /** Without a storage they last as long as the page. */
    constructor(private readonly storage: Storage | null = null) {
        this.load();
    }

    has(id: number): boolean {
        return this.ids.has(id);
    }

    /** From the oldest line to the newest. */
    get all(): number[] {
        return [...this.ids].sort((a, b) => a - b);
    }

    /** The next one after or before `id`; null when there is none. */
    next(id: number, step: 1 | -1): number | null {
        const all = step > 0 ? this.all : this.all.reverse();
        return all.find((other) => (other - id) * step > 0) ?? null;
    }

    /** Says whether the line is marked now. */
    toggle(id: number): boolean {
        this.load(); // another tab may have marked lines, too
        const isNew = !this.ids.delete(id);
        if (isNew) this.ids.add(id);
        const [oldest] = this.ids;
        if (this.ids.size > MOST && oldest !== undefined) this.ids.delete(oldest);
        this.save();
        return isNew;
    }

    clear(): void {
        this.ids.clear();
        this.save();
    }

    /** Whose lines are looked at. */
    ofStore(epoch: string): void {
        if (epoch === this.epoch || epoch === "") return;
        const isOther = this.epoch !== "";
        this.epoch = epoch;
        if (isOther) this.ids.clear();
        if (isOther || this.ids.size > 0) this.save();
    }

    /** What another tab has saved. */
    readonly reload = (): void => {
        this.load();
        this.changed.fire();
    };

    private load(): void {
        try {
            const saved: unknown = JSON.parse(this.storage?.getItem(KEY) ?? "null");
            if (!isSaved(saved) || (this.epoch !== "" && saved.epoch !== this.epoch)) return;
            this.epoch = saved.epoch;
            this.ids = new Set(saved.ids.slice(-MOST));
        } catch {
            // No storage, or somebody else's: the page has its own.
        }
    }

    private save(): void {
        try {
            this.storage?.setItem(KEY, JSON.stringify({ epoch: this.epoch, ids: [...this.ids] } satisfies Saved));
        } catch {
            // Private window: they last as long as the page.
        }
        this.changed.fire();
    }
}

/** Those that this browser keeps; what another tab marks is seen here, too. */
export function keptBookmarks(): Bookmarks {
    let storage: Storage | null = null;
    try {
        storage = localStorage;
    } catch {
        // None for this page.
    }
    const bookmarks = new Bookmarks(storage);
    addEventListener("storage", ({ key }) => {
        if (key === KEY) bookmarks.reload();
    });
    return bookmarks;
}

// SPDX-License-Identifier: MIT
//
// Stack traces folded to their first line. The hub marks the lines that continue another one; which
// one that is, is found here: the nearest row before of the same source, job run and level.

import type { Row } from "./record.js";
import type { Ring } from "./ring.js";

/** So many rows of others may lie between a line and the one it continues. */
export const REACH = 250;

const sameSpeaker = (a: Row, b: Row): boolean =>
    a.source === b.source && a.job === b.job && a.level === b.level && !b.notice;

export class Folds {
    /** Whether traces are folded where the reader has not said otherwise. */
    folded = true;
    private heads = new WeakMap<Row, Row>();
    private counts = new WeakMap<Row, number>();
    private readonly otherwise = new WeakSet<Row>(); // heads that the reader has toggled

    /** Finds out where the row at `seq` belongs; rows before it must have been placed. */
    place(rows: Ring<Row>, seq: number): void {
        const row = rows.at(seq) as Row;
        if (!row.cont || this.heads.has(row)) return;
        for (let at = seq - 1; at >= rows.first && at >= seq - REACH; at -= 1) {
            const before = rows.at(at) as Row;
            if (!sameSpeaker(row, before)) continue;
            const head = before.cont ? this.heads.get(before) : before;
            if (!head) return;
            this.heads.set(row, head);
            this.counts.set(head, this.count(head) + 1);
            return;
        }
    }

    /** The first row has gone: its further lines stand for themselves. */
    orphan(row: Row): void {
        this.heads.delete(row);
    }

    headOf(row: Row): Row | null {
        return this.heads.get(row) ?? null;
    }

    /** Lines that continue this row. */
    count(head: Row): number {
        return this.counts.get(head) ?? 0;
    }

    isFolded(head: Row): boolean {
        return this.folded !== this.otherwise.has(head);
    }

    hides(row: Row): boolean {
        const head = row.cont ? this.heads.get(row) : undefined;
        return head !== undefined && this.isFolded(head);
    }

    toggle(head: Row): void {
        if (!this.otherwise.delete(head)) this.otherwise.add(head);
    }
}

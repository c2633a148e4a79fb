// SPDX-License-Identifier: MIT
//
// A ring of rows that knows their number by level and the notices among them.

import { ERROR, LEVELS, type Row } from "./record.js";
import { Ring } from "./ring.js";

export class Rows extends Ring<Row> {
    /** Notices left out. */
    readonly levels = LEVELS.map(() => 0);
    readonly notices = new Set<Row>();

    static of(rows: readonly Row[], capacity: number): Rows {
        const made = new Rows(capacity);
        for (const row of rows) made.push(row);
        return made;
    }

    protected override count(row: Row, by: 1 | -1): void {
        if (!row.notice) (this.levels[row.level] as number) += by;
        else if (by > 0) this.notices.add(row);
        else this.notices.delete(row);
    }

    toArray(): Row[] {
        const rows: Row[] = [];
        this.forEach((row) => rows.push(row));
        return rows;
    }

    /** Those that pass, of the newest `most` before `end`. */
    passing(passes: (row: Row) => boolean, most: number, end = this.end): Row[] {
        const found: Row[] = [];
        for (let seq = Math.max(this.first, end - most); seq < end; seq += 1) {
            const row = this.at(seq) as Row;
            if (passes(row)) found.push(row);
        }
        return found;
    }

    /** How many came after the record `id`, and how many errors are among them. */
    since(id: number): { lines: number; errors: number } {
        const found = { lines: 0, errors: 0 };
        for (let seq = this.end - 1; seq >= this.first; seq -= 1) {
            const row = this.at(seq) as Row;
            if (row.id <= id) break;
            found.lines += 1;
            if (row.level >= ERROR) found.errors += 1;
        }
        return found;
    }
}

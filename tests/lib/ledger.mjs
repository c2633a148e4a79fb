// SPDX-License-Identifier: MIT
//
// The book-keeping behind "every line exactly once, in order". The test programs number their lines
// per pipe, "out 17 …" and "err 18 …"; a ledger takes the records of one client as they come and
// notes whatever is missing, doubled, out of order, or has an id that does not rise.

import assert from "node:assert/strict";

const KEPT = 10;

export class Ledger {
    problems = [];
    counts = new Map(); // "source out" -> the last number seen
    lastId = 0;
    total = 0;

    /** `anywhere`: the first line of a pipe may have any number. */
    constructor(name, { anywhere = false } = {}) {
        this.name = name;
        this.anywhere = anywhere;
    }

    add(record) {
        if (record.id <= this.lastId) this.complain(`id ${record.id} after ${this.lastId}`);
        this.lastId = record.id;
        const match = /^(out|err) (\d+)/.exec(record.message);
        if (!match) return;
        const pipe = `${record.source} ${match[1]}`;
        const number = Number(match[2]);
        const before = this.counts.get(pipe);
        if (number !== (before ?? 0) + 1 && !(before === undefined && this.anywhere))
            this.complain(`${pipe} ${number} after ${before ?? "nothing"} (id ${record.id})`);
        this.counts.set(pipe, number);
        this.total++;
    }

    /** Books that go on from the same place. */
    copy(name) {
        const copy = new Ledger(name);
        copy.counts = new Map(this.counts);
        copy.lastId = this.lastId;
        return copy;
    }

    complain(text) {
        if (this.problems.length < KEPT) this.problems.push(text);
    }

    /** The number of the last line of a pipe. */
    last(source, pipe) {
        return this.counts.get(`${source} ${pipe}`) ?? 0;
    }

    assertClean() {
        assert.deepEqual(this.problems, [], `${this.name}: every line once, in order`);
    }
}

/** A ledger over records that are all there already. */
export function ledgerOf(name, records, options) {
    const ledger = new Ledger(name, options);
    for (const record of records) ledger.add(record);
    return ledger;
}

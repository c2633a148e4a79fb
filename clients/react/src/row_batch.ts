// SPDX-License-Identifier: MIT
//
// Rows on their way from the worker that parsed them to the page: numbers in typed arrays, which
// change hands without a copy, all messages as one text, and names once a batch. There they stay: a row
// of the page is a place in its batch, whatever its JSON had cost.

import type { LogMessage } from "@logmill/client";
import { partsOf, shared, type Row } from "./record.js";

export interface RowBatch {
    ids: Float64Array;
    times: Float64Array;
    /** The level; and CONT. */
    kinds: Uint8Array;
    /** Three numbers a row, of `names`: source, job run, other members. */
    named: Uint32Array;
    /** Where each message ends in `text`. */
    ends: Uint32Array;
    text: string;
    names: string[];
}

const CONT = 0x80;

export function packRows(records: readonly LogMessage[]): RowBatch {
    const n = records.length;
    const batch: RowBatch = {
        ids: new Float64Array(n),
        times: new Float64Array(n),
        kinds: new Uint8Array(n),
        named: new Uint32Array(3 * n),
        ends: new Uint32Array(n),
        text: "",
        names: [],
    };
    const numbers = new Map<string, number>();
    const numberOf = (name: string): number => {
        const known = numbers.get(name);
        if (known !== undefined) return known;
        numbers.set(name, batch.names.length);
        return batch.names.push(name) - 1;
    };
    const messages: string[] = [];
    let end = 0;
    records.forEach((record, i) => {
        const parts = partsOf(record, record.id);
        batch.ids[i] = parts.id;
        batch.times[i] = parts.time;
        batch.kinds[i] = parts.level | (parts.cont ? CONT : 0);
        batch.named.set([numberOf(parts.source), numberOf(parts.job), numberOf(parts.rest)], 3 * i);
        messages.push(parts.message);
        batch.ends[i] = end += parts.message.length;
    });
    batch.text = messages.join("");
    return batch;
}

/** A row that leaves its parts in the batch. A page that keeps a million has a million of these, so it is small,
 * and there is little for the collector of garbage to look through. */
class PackedRow implements Row {
    cells = -1;

    constructor(
        private readonly batch: RowBatch,
        private readonly i: number,
    ) {}

    get id(): number {
        return this.batch.ids[this.i] as number;
    }

    get time(): number {
        return this.batch.times[this.i] as number;
    }

    get level(): number {
        return (this.batch.kinds[this.i] as number) & ~CONT;
    }

    get cont(): boolean {
        return ((this.batch.kinds[this.i] as number) & CONT) !== 0;
    }

    get source(): string {
        return this.named(0);
    }

    get job(): string {
        return this.named(1);
    }

    get rest(): string {
        return this.named(2);
    }

    get message(): string {
        const { ends, text } = this.batch;
        return text.slice(this.i === 0 ? 0 : ends[this.i - 1], ends[this.i]);
    }

    get notice(): boolean {
        return false;
    }

    get lost(): number {
        return 0;
    }

    get hole(): null {
        return null;
    }

    private named(which: number): string {
        return this.batch.names[this.batch.named[3 * this.i + which] as number] as string;
    }
}

/** Takes the batch over. */
export function unpackRows(batch: RowBatch): Row[] {
    batch.names = batch.names.map(shared);
    return Array.from(batch.ids, (_, i) => new PackedRow(batch, i));
}

/** What postMessage hands over instead of copying. */
export function buffersOf(batch: RowBatch): ArrayBuffer[] {
    return [batch.ids, batch.times, batch.kinds, batch.named, batch.ends].map((part) => part.buffer as ArrayBuffer);
}

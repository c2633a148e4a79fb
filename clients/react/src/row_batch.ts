// SPDX-License-Identifier: MIT
//
// Rows on their way from the worker that parsed them to the page: numbers in typed arrays, which
// change hands without a copy, all messages as one text, and names once a batch. Putting a row
// together then costs the page a few hundred nanoseconds, whatever its JSON had cost.

import type { LogMessage } from "@logmill/client";
import { partsOf, rowFrom, type Row } from "./record.js";

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

export function unpackRows(batch: RowBatch): Row[] {
    const { ids, times, kinds, named, ends, text, names } = batch;
    const name = (i: number): string => names[named[i] as number] as string;
    let start = 0;
    return Array.from(ids, (id, i) => {
        const kind = kinds[i] as number;
        const message = text.slice(start, (start = ends[i] as number));
        return rowFrom({
            id,
            time: times[i] as number,
            level: kind & ~CONT,
            source: name(3 * i),
            job: name(3 * i + 1),
            message,
            rest: name(3 * i + 2),
            cont: (kind & CONT) !== 0,
        });
    });
}

/** What postMessage hands over instead of copying. */
export function buffersOf(batch: RowBatch): ArrayBuffer[] {
    return [batch.ids, batch.times, batch.kinds, batch.named, batch.ends].map((part) => part.buffer as ArrayBuffer);
}

// SPDX-License-Identifier: MIT
//
// When lines were lost that this page says are missing: by the bars of the histogram.

import type { Row } from "./record.js";

/** Lines missing, by the number of the bar; 0 where nobody knows how many. */
export type Losses = ReadonlyMap<number, number>;

/** `starts` are the times at which the bars begin, `width` is how long each is. */
export function lossesIn(notices: Iterable<Row>, starts: readonly number[], width: number): Losses {
    const losses = new Map<number, number>();
    const first = starts[0] ?? 0;
    for (const { time, lost, rest } of notices) {
        const bar = Math.floor((time - first) / width);
        const isLoss = lost > 0 || rest.includes('"type":"gap"');
        if (isLoss && bar >= 0 && bar < starts.length) losses.set(bar, (losses.get(bar) ?? 0) + lost);
    }
    return losses;
}

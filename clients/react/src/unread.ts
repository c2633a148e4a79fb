// SPDX-License-Identifier: MIT
//
// Lines that the hub has and cannot read, since a file of its history is damaged. Its answers go without them
// and say between which ids they lie (`unread_at`); here each of these places becomes a row where they begin.

import type { UnreadPlace } from "@logmill/client";
import { count, plural } from "./format.js";
import { rowFrom, partsOf, type Row } from "./record.js";

/** What is said of a place. */
export function inWords({ first_id, last_id, count: lines }: UnreadPlace): string {
    const where = first_id === last_id ? `id ${count(first_id)}` : `ids ${count(first_id)} to ${count(last_id)}`;
    return `${plural(lines, "line")} could not be read here (${where}): a file of the history is damaged, logmill verify names it`;
}

function rowOfPlace(place: UnreadPlace, id: number, time: number): Row {
    const members = { level: "warn", stream: "system", type: "unread", ...place, message: inWords(place) };
    return { ...rowFrom(partsOf(members, id)), time, notice: true, lost: place.count };
}

/** Those of the places that touch the ids from `low` to `high`, in their order. */
export function placesWithin(places: readonly UnreadPlace[], low: number, high: number): UnreadPlace[] {
    return places
        .filter((place) => place.last_id >= low && place.first_id <= high)
        .sort((a, b) => a.first_id - b.first_id);
}

/** The rows with one more for each place: before the first row of an id in it. One that was said before, when
 * less of the place was loaded, goes. */
export function withUnread(rows: readonly Row[], places: readonly UnreadPlace[]): Row[] {
    const said = new Set(places.map(inWords));
    const all: Row[] = [];
    let next = 0;
    const say = (place: UnreadPlace, before: Row | undefined): void => {
        const last = all.at(-1) ?? before;
        all.push(rowOfPlace(place, last?.id ?? 0, last?.time ?? Number.NaN));
        next += 1;
    };
    for (const row of rows) {
        if (row.notice && said.has(row.message)) continue;
        while (next < places.length && row.id >= (places[next] as UnreadPlace).first_id) say(places[next] as UnreadPlace, row);
        all.push(row);
    }
    while (next < places.length) say(places[next] as UnreadPlace, undefined);
    return all;
}

// SPDX-License-Identifier: MIT
//
// From one hit to the next: of what the filter says, or, once its words were lifted so that the lines between are
// seen as well, of what it said before. Loaded rows are looked at first, then the hub is asked.

import { matcher } from "./filter.js";
import type { Row } from "./record.js";
import type { Session } from "./session.js";
import type { ListView } from "./view.js";

/** Rows that are looked at here; the hub is quicker with more. */
const LOOKED_AT = 50_000;

/** A hit among the loaded rows; else the id from which on the hub is to be asked. */
function nearHit(session: Session, view: ListView, step: 1 | -1): Row | number {
    const passes = matcher(session.lookedFor);
    let left = LOOKED_AT;
    const isHit = (row: Row): boolean => !row.notice && passes(row);
    const found = view.find(step, (row) => (left -= 1) < 0 || isHit(row));
    if (found && isHit(found)) return found;
    const { model } = session;
    if (found) return found.id - step;
    return step > 0 ? Math.max(model.lastKeptId(), view.active?.id ?? 0) : model.firstKeptId();
}

/** Goes to the next hit, or the one before. Says what it has come to. */
export async function toHit(
    session: Session,
    view: ListView,
    step: 1 | -1,
    goTo: (row: Row) => void,
): Promise<"there" | "none" | "failed"> {
    const near = nearHit(session, view, step);
    if (typeof near !== "number") {
        goTo(near);
        return "there";
    }
    const id = await session.nextHit(near, step);
    if (id === null) return "failed";
    if (id === 0) return "none";
    await session.seekId(id);
    return "there";
}

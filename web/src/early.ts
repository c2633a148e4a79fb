// SPDX-License-Identifier: MIT
//
// What the page will need first, asked for before anything is drawn: what this browser may do, and the lines
// that the address names. Whoever looks at logs then sees them in the first frame instead of the third, and
// the connection, which takes longer, is made meanwhile. A hub that takes its time is not waited for.

import { filterFromQuery, firstPage, type FirstPage } from "@logmill/react/page";
import { accessNow, type Access } from "./access";
import { BASE } from "./router";
import { service } from "./service";

const WAIT_MS = 150;
const LISTS = ["/", "/logs"];

const stop = new AbortController();
let access: Access | null = null;
let first: FirstPage | null = null;
/** The address of the lines; they are of no use for another one. */
const { search } = location;

async function askAccess(): Promise<void> {
    access = await accessNow(stop.signal);
}

async function askLines(): Promise<void> {
    if (!LISTS.includes(location.pathname.slice(BASE.length))) return;
    first = await firstPage(service, filterFromQuery(search), placeIn(search), stop.signal);
}

/** The record that an address is a link to; null when it is none. */
export function placeIn(query: string): number | null {
    const at = Number(new URLSearchParams(query).get("at"));
    return at > 0 ? at : null;
}

/** Resolves when all answers are there, or after a short while. What went wrong is asked again by those who
 * need it, and told there. */
export async function answers(): Promise<void> {
    const late = setTimeout(() => stop.abort(), WAIT_MS);
    await Promise.allSettled([askAccess(), askLines()]);
    clearTimeout(late);
}

/** What this browser may do, if that was known early. */
export const earlyAccess = (): Access | null => access;

/** The lines, once: who comes later gets them from the hub. */
export function takeFirst(): FirstPage | null {
    const taken = location.search === search ? first : null;
    first = null;
    return taken;
}

// SPDX-License-Identifier: MIT
//
// What the page will need first, asked for before anything is drawn: what this browser may do, and the lines
// that the address names. Whoever looks at logs then sees them in the first frame instead of the third, and
// the connection, which takes longer, is made meanwhile. A hub that takes its time is not waited for with drawing.

import { filterFromQuery, firstPage, type FirstPage } from "@logmill/react/page";
import { askAccess } from "./access";
import { BASE } from "./router";
import { service } from "./service";

const WAIT_MS = 150;
const LISTS = ["/", "/logs"];

const { pathname, search } = location;
let first: FirstPage | Promise<FirstPage | null> | null = null;

/** The record that an address is a link to; null when it is none. */
export function placeIn(query: string): number | null {
    const at = Number(new URLSearchParams(query).get("at"));
    return at > 0 ? at : null;
}

/** What goes wrong here is asked again by those who need it, and told there. */
async function askLines(): Promise<void> {
    if (!LISTS.includes(pathname.slice(BASE.length))) return;
    const asked = firstPage(service, filterFromQuery(search), placeIn(search)).catch(() => null);
    first = asked;
    const page = await asked;
    if (first === asked) first = page;
}

/** Resolves when all answers are there, or after a short while. */
export async function answers(): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    await Promise.race([late, Promise.allSettled([askAccess(), askLines()])]);
}

/** The lines of the address that the page was opened with, once: who comes later gets them from the hub. */
export function takeFirst(): FirstPage | Promise<FirstPage | null> | null {
    const taken = location.search === search ? first : null;
    first = null;
    return taken;
}

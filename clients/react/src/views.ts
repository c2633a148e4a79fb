// SPDX-License-Identifier: MIT
//
// Views that the reader has saved: a filter and columns under a name, kept in the browser. As a file
// they can be given to others or be kept beside the code that logs.

export interface View {
    name: string;
    /** The query of its address. */
    query: string;
    /** Shown below the filter bar. */
    pinned: boolean;
}

const KEY = "logmill.views";
const MOST = 200;
const LONGEST = 4096;

function isView(value: unknown): value is View {
    const { name, query } = (value ?? {}) as Partial<View>;
    return typeof name === "string" && name !== "" && typeof query === "string" && query.length <= LONGEST;
}

/** Null when the text is not a file of views. */
export function viewsFromText(text: string): View[] | null {
    try {
        const { views } = JSON.parse(text) as { views: unknown };
        if (!Array.isArray(views) || !views.every(isView)) return null;
        return views.slice(0, MOST).map(({ name, query, pinned }) => ({ name, query, pinned: pinned === true }));
    } catch {
        return null;
    }
}

export const viewsToText = (views: readonly View[]): string => `${JSON.stringify({ views }, null, 2)}\n`;

/** With `more` added; a name that is there already stands for the new one. */
export function withViews(views: readonly View[], more: readonly View[]): View[] {
    const all = new Map([...views, ...more].map((view) => [view.name, view]));
    return [...all.values()].sort((a, b) => a.name.localeCompare(b.name)).slice(0, MOST);
}

export function loadViews(): View[] {
    try {
        return viewsFromText(localStorage.getItem(KEY) ?? "") ?? [];
    } catch {
        return []; // no storage
    }
}

export function saveViews(views: readonly View[]): void {
    try {
        localStorage.setItem(KEY, viewsToText(views));
    } catch {
        // Private window: they last as long as the page.
    }
}

/** How well `text` is meant by `typed`: its letters in this order. Smaller is better, null is not at all. */
export function fuzzy(text: string, typed: string): number | null {
    const [hay, needle] = [text.toLowerCase(), typed.toLowerCase().trim()];
    const whole = hay.indexOf(needle);
    if (whole >= 0) return whole;
    let at = -1;
    let spread = 1000;
    for (const letter of needle) {
        const next = hay.indexOf(letter, at + 1);
        if (next < 0) return null;
        spread += at < 0 ? next : next - at - 1;
        at = next;
    }
    return spread;
}

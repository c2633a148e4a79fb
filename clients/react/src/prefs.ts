// SPDX-License-Identifier: MIT
//
// How the reader likes the page: kept in the browser, as it is nobody else's business. What is
// looked at (the filter) is in the address instead, so that it can be shared.

import type { Theme } from "./colour.js";

export interface Prefs {
    wrap: boolean;
    utc: boolean;
    theme: "auto" | Theme;
}

const KEY = "logmill.prefs";

export function loadPrefs(narrow: boolean): Prefs {
    const prefs: Prefs = { wrap: narrow, utc: false, theme: "auto" };
    try {
        const saved = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>;
        if (typeof saved.wrap === "boolean") prefs.wrap = saved.wrap;
        if (typeof saved.utc === "boolean") prefs.utc = saved.utc;
        if (saved.theme === "dark" || saved.theme === "light") prefs.theme = saved.theme;
    } catch {
        // No storage, or somebody else's: the defaults do.
    }
    return prefs;
}

export function savePrefs(prefs: Prefs): void {
    try {
        localStorage.setItem(KEY, JSON.stringify(prefs));
    } catch {
        // Private window: the choice lasts as long as the page.
    }
}

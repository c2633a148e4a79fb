// SPDX-License-Identifier: MIT
//
// How the reader likes the page: kept in the browser, as it is nobody else's business. What is
// looked at (filter, columns) is in the address instead, so that it can be shared.

import { THEMES, type Theme } from "./colour.js";

/** How many rows a page may keep. */
export const KEEPS = [100_000, 1_000_000] as const;

/** Of the characters in the list, in the words of its style sheet. */
export const SIZES = ["small", "normal", "large", "larger"] as const;
export type Size = (typeof SIZES)[number];

export interface Prefs {
    wrap: boolean;
    utc: boolean;
    /** Times as what has passed since the line before. */
    delta: boolean;
    /** Stack traces show their first line only. */
    fold: boolean;
    theme: "auto" | Theme;
    keep: number;
    size: Size;
}

const KEY = "logmill.prefs";

export function loadPrefs(narrow: boolean): Prefs {
    const prefs: Prefs = { wrap: narrow, utc: false, delta: false, fold: true, theme: "auto", keep: KEEPS[0], size: "normal" };
    try {
        const saved = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>;
        for (const name of ["wrap", "utc", "delta", "fold"] as const)
            if (typeof saved[name] === "boolean") prefs[name] = saved[name];
        if (THEMES.includes(saved.theme as Theme)) prefs.theme = saved.theme as Theme;
        if (SIZES.includes(saved.size as Size)) prefs.size = saved.size as Size;
        if ((KEEPS as readonly unknown[]).includes(saved.keep)) prefs.keep = saved.keep as number;
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

/** Local time, UTC, what has passed since the line before, and round again. */
export function nextTime(prefs: Prefs): Prefs {
    if (prefs.delta) return { ...prefs, delta: false, utc: false };
    return prefs.utc ? { ...prefs, delta: true } : { ...prefs, utc: true };
}

export const timeName = ({ delta, utc }: Prefs): string => (delta ? "Since" : utc ? "UTC" : "Local");

const NEXT_THEME = { auto: "dark", dark: "light", light: "contrast", contrast: "auto" } as const;

export const nextTheme = (prefs: Prefs): Prefs => ({ ...prefs, theme: NEXT_THEME[prefs.theme] });

export const themeName = ({ theme }: Prefs): string =>
    ({ auto: "Auto", dark: "Dark", light: "Light", contrast: "Contrast" })[theme];

/** Larger or smaller by one step, as far as there are. */
export function resized(prefs: Prefs, by: 1 | -1): Prefs {
    const at = SIZES.indexOf(prefs.size) + by;
    return { ...prefs, size: SIZES[Math.min(SIZES.length - 1, Math.max(0, at))] as Size };
}

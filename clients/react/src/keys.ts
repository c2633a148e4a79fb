// SPDX-License-Identifier: MIT
//
// From a key to what it does. Keys typed into a field, and any with Ctrl, Alt or Meta, are left to
// the browser.

import { ERROR, WARN, type Row } from "./record.js";
import type { Session } from "./session.js";
import type { ListView } from "./view.js";

export interface KeyTargets {
    session: Session;
    view: ListView;
    focusSearch(): void;
    focusJob(): void;
    toggleWrap(): void;
    toggleZone(): void;
    toggleHelp(): void;
    seek(): void;
    context(row: Row): void;
    share(row: Row): void;
    copy(row: Row): void;
}

const MARGIN = 3; // lines kept around a row that was jumped to

function goTo(t: KeyTargets, row: Row | null): void {
    if (!row) return;
    t.session.pause();
    t.view.active = row;
    t.view.reveal(row, MARGIN);
    t.view.focusWanted = true;
    t.session.rows.fire();
}

function step(t: KeyTargets, by: 1 | -1): void {
    goTo(
        t,
        t.view.find(by, () => true),
    );
}

function jump(t: KeyTargets, by: 1 | -1, level: number): void {
    goTo(t, t.view.find(by, (row) => row.level >= level && !row.notice));
}

function toBookmark(t: KeyTargets, by: 1 | -1): void {
    goTo(t, t.view.find(by, (row) => t.session.bookmarks.has(row.id) && !row.notice));
}

function scrollBy(t: KeyTargets, share: number): void {
    t.session.pause();
    t.view.scrolledTo(t.view.top + t.view.height * share);
    t.session.rows.fire();
}

/** Opens or closes a row and gives it the focus. */
export function toggleRow(session: Session, view: ListView, row: Row): void {
    session.pause();
    view.active = row;
    view.focusWanted = true;
    view.toggle(row);
    if (view.detailsOf(row)) view.revealEnd(row, MARGIN);
    session.rows.fire();
}

/** Every key: what it does, and the words of the help page. */
export const KEYS: readonly (readonly [string, string])[] = [
    ["Space", "pause or follow"],
    ["G  End", "to the newest line, and follow"],
    ["g  Home", "to the oldest line loaded; older ones follow"],
    ["j k  ↓ ↑", "next, previous line"],
    ["d u", "half a page down, up"],
    ["Enter", "open or close a line"],
    ["e E", "next, previous error"],
    ["w W", "next, previous warning or error"],
    ["t", "go to a time: 5m ago, yesterday 17:30"],
    ["c", "all lines around the line"],
    ["m", "bookmark the line"],
    ["b B", "next, previous bookmark"],
    ["y", "copy the line"],
    ["s", "copy a link to the line"],
    ["/", "filter"],
    ["f", "choose a job run"],
    ["l", "wrap long lines"],
    ["T", "local time, UTC, or since the line before"],
    ["Esc", "leave a field, close this"],
    ["?", "this help"],
];

const ACTIONS: Record<string, (t: KeyTargets) => void> = {
    " ": (t) => (t.session.model.pause ? t.session.follow() : t.session.pause()),
    G: (t) => t.session.follow(),
    End: (t) => t.session.follow(),
    g: (t) => scrollBy(t, -Infinity),
    Home: (t) => scrollBy(t, -Infinity),
    j: (t) => step(t, 1),
    k: (t) => step(t, -1),
    ArrowDown: (t) => step(t, 1),
    ArrowUp: (t) => step(t, -1),
    d: (t) => scrollBy(t, 0.5),
    PageDown: (t) => scrollBy(t, 0.9),
    PageUp: (t) => scrollBy(t, -0.9),
    Enter: (t) => t.view.active && toggleRow(t.session, t.view, t.view.active),
    e: (t) => jump(t, 1, ERROR),
    E: (t) => jump(t, -1, ERROR),
    w: (t) => jump(t, 1, WARN),
    W: (t) => jump(t, -1, WARN),
    "/": (t) => t.focusSearch(),
    f: (t) => t.focusJob(),
    l: (t) => t.toggleWrap(),
    T: (t) => t.toggleZone(),
    y: (t) => t.view.active && t.copy(t.view.active),
    t: (t) => t.seek(),
    c: (t) => t.view.active && t.context(t.view.active),
    s: (t) => t.view.active && t.share(t.view.active),
    m: (t) => t.view.active && t.session.toggleBookmark(t.view.active.id),
    b: (t) => toBookmark(t, 1),
    B: (t) => toBookmark(t, -1),
    u: (t) => scrollBy(t, -0.5),
    "?": (t) => t.toggleHelp(),
};

/** Whether the key was ours. */
export function handleKey(event: KeyboardEvent, targets: KeyTargets): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return false;
    const target = event.target as HTMLElement;
    if (target.closest("input, textarea, select, [contenteditable], dialog")) {
        if (event.key === "Escape") target.blur();
        return false;
    }
    const presses = event.key === " " || event.key === "Enter";
    if (presses && target.closest("button, a")) return false;
    const action = ACTIONS[event.key];
    if (!action) return false;
    action(targets);
    return true;
}

// SPDX-License-Identifier: MIT
//
// From a key to what it does. Keys typed into a field, and any with Ctrl, Alt or Meta, are left to
// the browser.

import { ERROR, WARN, type Row } from "./record";
import type { Session } from "./session";
import type { ListView } from "./view";

export interface KeyTargets {
    session: Session;
    view: ListView;
    focusSearch(): void;
    focusJob(): void;
    toggleWrap(): void;
    toggleZone(): void;
    toggleHelp(): void;
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
    u: (t) => scrollBy(t, -0.5),
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

// SPDX-License-Identifier: MIT
//
// From a key to what it does. Keys typed into a field, and any with Ctrl, Alt or Meta, are left to
// the browser; but for Ctrl-F and Ctrl-K while the list has the focus.

import { toHit } from "./hits.js";
import { ERROR, LEVELS, WARN, type Level, type Row } from "./record.js";
import type { Session } from "./session.js";
import type { ListView } from "./view.js";

export interface KeyTargets {
    session: Session;
    view: ListView;
    focusSearch(): void;
    focusJob(): void;
    toggleWrap(): void;
    nextTime(): void;
    toggleFolds(): void;
    nextTheme(): void;
    /** Opens one of the sheets over the page. */
    show(sheet: SheetName): void;
    context(row: Row): void;
    share(row: Row): void;
    copy(row: Row): void;
    copyMarkdown(row: Row): void;
    /** Larger or smaller characters. */
    resize(by: 1 | -1): void;
    /** A short word to the reader. */
    note(text: string): void;
    /** Puts a member into the filter, or keeps it out. */
    choose(key: string, value: string, negated: boolean): void;
    /** Opens a second list beside this one, or closes it. */
    split?: () => void;
}

export type SheetName = "help" | "seek" | "download" | "columns" | "views" | "bookmarks";

const MARGIN = 3; // lines kept around a row that was jumped to

function activate(session: Session, view: ListView, row: Row, extend = false): void {
    session.pause();
    view.activate(row, extend);
    view.reveal(row, MARGIN);
    view.focusWanted = true;
    session.rows.fire();
}

function goTo(t: KeyTargets, row: Row | null, extend = false): void {
    if (row) activate(t.session, t.view, row, extend);
}

function step(t: KeyTargets, by: 1 | -1, extend = false): void {
    goTo(
        t,
        t.view.find(by, () => true),
        extend,
    );
}

/** A choice of several lines reaches to `row`. */
export function extendTo(session: Session, view: ListView, row: Row): void {
    session.pause();
    view.activate(row, true);
    view.focusWanted = true;
    session.rows.fire();
}

function chooseOne(t: KeyTargets): void {
    t.view.anchor = null;
    t.session.rows.fire();
}

function jump(t: KeyTargets, by: 1 | -1, level: number): void {
    goTo(t, t.view.find(by, (row) => row.level >= level && !row.notice));
}

/** The next bookmark of all, loaded or not. */
function toBookmark(t: KeyTargets, by: 1 | -1): void {
    const { session, view } = t;
    const row = view.find(by, ({ id, notice }) => session.bookmarks.has(id) && !notice);
    if (row) {
        goTo(t, row);
        return;
    }
    const { model, bookmarks } = session;
    const id = bookmarks.next(by > 0 ? model.lastKeptId() : model.firstKeptId(), by);
    if (id !== null) void session.seekId(id);
    else t.note(bookmarks.all.length === 0 ? "No line is marked: m marks one" : by > 0 ? "No later bookmark" : "No earlier bookmark");
}

export async function nextHit(t: Pick<KeyTargets, "session" | "view" | "note">, by: 1 | -1): Promise<void> {
    const { session, view } = t;
    const came = await toHit(session, view, by, (row) => activate(session, view, row));
    if (came === "none") t.note(by > 0 ? "No later hit" : "No earlier hit");
}

/** The words of the filter choose lines, or only mark them: then those between are seen as well. */
export function toggleLift({ session, view }: Pick<KeyTargets, "session" | "view">): void {
    const { filter, pause } = session.model;
    const at = pause ? view.active?.id : undefined;
    if (session.lifted) session.filterAgain(at);
    else if (filter.q.trim() !== "") session.lift({ ...filter, q: "" }, at);
}

function scrollBy(t: KeyTargets, share: number): void {
    t.session.pause();
    t.view.scrolledTo(t.view.top + t.view.height * share);
    t.session.rows.fire();
}

/** Opens or closes a row and gives it the focus. */
export function toggleRow(session: Session, view: ListView, row: Row): void {
    session.pause();
    view.activate(row);
    view.focusWanted = true;
    view.toggle(row);
    if (view.detailsOf(row)) view.revealEnd(row, MARGIN);
    session.rows.fire();
}

function toggleTrace(t: KeyTargets): void {
    if (!t.view.active) return;
    t.session.pause();
    t.view.toggleFold(t.view.active);
    t.view.focusWanted = true;
    t.session.rows.fire();
}

/** Every key: what it does, and the words of the help page. */
export const KEYS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    [
        "Moving",
        [
            ["Space", "pause or follow"],
            ["G  End", "to the newest line, and follow"],
            ["g  Home", "to the oldest line loaded; older ones follow"],
            ["j k  ↓ ↑", "next, previous line"],
            ["d u", "half a page down, up"],
            ["e E", "next, previous error"],
            ["w W", "next, previous warning or error"],
            ["n N", "next, previous hit of the filter, also beyond what is loaded"],
            ["b B", "next, previous bookmark"],
            ["t", "go to a time: 5m ago, yesterday 17:30"],
        ],
    ],
    [
        "A line",
        [
            ["Enter", "open or close it"],
            ["o", "unfold or fold its stack trace"],
            ["c", "all lines around it, without the filter"],
            ["m", "bookmark it, or no longer"],
            ["M", "mute its source, or no longer"],
            ["S", "only its source, or no longer"],
            ["y", "copy it, or all that are chosen"],
            ["Y", "the same as Markdown"],
            ["J K  ⇧↓ ⇧↑", "choose several; Esc: one again"],
            ["s", "copy a link to it"],
        ],
    ],
    [
        "Choosing lines",
        [
            ["/  Ctrl-F", "filter"],
            ["F", "only mark the filter's hits, with the lines between them; filter again"],
            ["f", "choose a job run"],
            ["1 … 6", "lowest level: trace … fatal"],
            ["v  Ctrl-K", "switch to a saved view, job run, source"],
            ["C", "clear the view"],
            ["U", "undo clearing"],
        ],
    ],
    [
        "How it looks",
        [
            ["l", "wrap long lines"],
            ["+ -", "larger, smaller characters"],
            ["O", "fold all stack traces, or none"],
            ["x", "columns"],
            ["|", "a second list with a filter of its own, or one again"],
            ["T", "local time, UTC, or since the line before"],
            ["h", "colours: as the system, dark, light, high contrast"],
        ],
    ],
    [
        "And",
        [
            ["a", "all bookmarks: go there, copy, download"],
            ["D", "download"],
            ["Esc", "leave a field, close this"],
            ["?", "this help"],
        ],
    ],
];

function setLevel(t: KeyTargets, level: number): void {
    const { filter } = t.session.model;
    t.session.setFilter({ ...filter, level: LEVELS[level] as Level });
}

function chooseSource(t: KeyTargets, negated: boolean): void {
    const { active } = t.view;
    if (active && active.source !== "") t.choose("source", active.source, negated);
}

const ACTIONS: Record<string, (t: KeyTargets) => void> = {
    " ": (t) => (t.session.model.pause ? t.session.follow() : t.session.pause()),
    G: (t) => t.session.follow(),
    End: (t) => t.session.follow(),
    g: (t) => scrollBy(t, -Infinity),
    Home: (t) => scrollBy(t, -Infinity),
    j: (t) => step(t, 1),
    k: (t) => step(t, -1),
    J: (t) => step(t, 1, true),
    K: (t) => step(t, -1, true),
    Escape: chooseOne,
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
    v: (t) => t.show("views"),
    l: (t) => t.toggleWrap(),
    T: (t) => t.nextTime(),
    h: (t) => t.nextTheme(),
    o: toggleTrace,
    O: (t) => t.toggleFolds(),
    x: (t) => t.show("columns"),
    y: (t) => t.view.active && t.copy(t.view.active),
    Y: (t) => t.view.active && t.copyMarkdown(t.view.active),
    t: (t) => t.show("seek"),
    c: (t) => t.view.active && t.context(t.view.active),
    s: (t) => t.view.active && t.share(t.view.active),
    M: (t) => chooseSource(t, true),
    S: (t) => chooseSource(t, false),
    "|": (t) => t.split?.(),
    m: (t) => t.view.active && !t.view.active.notice && t.session.bookmarks.toggle(t.view.active.id),
    a: (t) => t.show("bookmarks"),
    n: (t) => void nextHit(t, 1),
    N: (t) => void nextHit(t, -1),
    F: toggleLift,
    "+": (t) => t.resize(1),
    "-": (t) => t.resize(-1),
    b: (t) => toBookmark(t, 1),
    B: (t) => toBookmark(t, -1),
    C: (t) => t.session.clear(),
    U: (t) => t.session.undoClear(),
    D: (t) => t.show("download"),
    "?": (t) => t.show("help"),
    ...Object.fromEntries(LEVELS.map((_, i) => [String(i + 1), (t: KeyTargets) => setLevel(t, i)])),
};

const SHIFTED: Record<string, string> = { ArrowDown: "J", ArrowUp: "K" };

const WITH_CTRL: Record<string, (t: KeyTargets) => void> = {
    f: (t) => t.focusSearch(),
    k: (t) => t.show("views"),
};

/** Whether the key was ours. */
export function handleKey(event: KeyboardEvent, targets: KeyTargets): boolean {
    if (event.altKey || event.defaultPrevented) return false;
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey) {
        const action = target.closest(".list") ? WITH_CTRL[event.key] : undefined;
        action?.(targets);
        return action !== undefined;
    }
    if (target.closest("input, textarea, select, [contenteditable], dialog")) {
        if (event.key === "Escape") target.blur();
        return false;
    }
    const presses = event.key === " " || event.key === "Enter";
    if (presses && target.closest("button, a")) return false;
    const action = ACTIONS[(event.shiftKey && SHIFTED[event.key]) || event.key];
    if (!action) return false;
    action(targets);
    return true;
}

// SPDX-License-Identifier: MIT
//
// The list: a window of real rows over the ring, set by arithmetic alone. They lie where the list has been
// scrolled to, or on a pane that does not scroll (scrolling.ts).

import {
    useEffect,
    useLayoutEffect,
    useMemo,
    useRef,
    type MouseEvent,
    type ReactNode,
    type RefObject,
} from "react";
import type { Theme } from "./colour.js";
import { columnsToText, type Column } from "./columns.js";
import { linesAsMarkdown, linesAsText } from "./copied.js";
import { EVERYTHING, marksOf, sameFilter } from "./filter.js";
import { plural } from "./format.js";
import { extendTo, toggleRow } from "./keys.js";
import { LINE_CELLS, gridFor, type Wanted } from "./layout.js";
import { Heads } from "./Heads.js";
import { LogRow } from "./LogRow.js";
import type { Model } from "./model.js";
import { LEVELS, WARN, jsonOf, type Row } from "./record.js";
import { useScrolling } from "./scrolling.js";
import type { Session } from "./session.js";
import { Signal, useSignal } from "./signal.js";
import type { Window } from "./lines.js";
import type { ListView } from "./view.js";

const NARROW_PX = 640;
/** Lines of the hub itself that need not mean that anything is logged. */
const FIRST_WORDS = 3;

interface Size {
    width: number;
    height: number;
    cell: number; // width of one character
    line: number; // height of one line
}

/** The size of the list and of its characters; read when they change, never per row. A signal and no state,
 * because it is drawn anew at once then: no frame shows rows of a size that is gone. */
function useSize(host: RefObject<HTMLDivElement>, probe: RefObject<HTMLDivElement>): Size {
    const size = useRef<Size>({ width: 800, height: 0, cell: 8, line: 20 });
    const changed = useMemo(() => new Signal(), []);
    useSignal(changed);
    useLayoutEffect(() => {
        const list = host.current as HTMLDivElement;
        const measure = (): void => {
            const box = (probe.current as HTMLDivElement).getBoundingClientRect();
            size.current = {
                width: list.clientWidth,
                height: list.clientHeight,
                cell: box.width / 100 || 8,
                line: Math.round(box.height) || 20,
            };
            changed.fire();
        };
        const observer = new ResizeObserver(measure);
        observer.observe(list);
        observer.observe(probe.current as HTMLDivElement);
        measure();
        return () => observer.disconnect();
    }, [host, probe, changed]);
    return size.current;
}

/** Who marks text wants to keep it: it must not move away. */
function usePauseOnSelection(session: Session, host: RefObject<HTMLDivElement>): void {
    useEffect(() => {
        const selected = (): void => {
            const selection = document.getSelection();
            if (selection?.type === "Range" && host.current?.contains(selection.anchorNode))
                session.pause();
        };
        document.addEventListener("selectionchange", selected);
        return () => document.removeEventListener("selectionchange", selected);
    }, [session, host]);
}

/** Numbers of the elements that show the rows: an element moves with its row, unless most rows are new.
 * Then it stays where it is, and only its text changes. */
function useSlots({ from, to }: Window): (seq: number) => number {
    const last = useRef({ from, base: from });
    const moved = from - last.current.from;
    const rows = to - from;
    const base = last.current.base + (2 * Math.abs(moved) > rows ? moved : 0);
    last.current = { from, base };
    const slots = 2 ** Math.ceil(Math.log2(Math.max(8, rows)));
    return (seq) => (((seq - base) % slots) + slots) % slots;
}

function useWantedFocus(view: ListView, host: RefObject<HTMLDivElement>): void {
    useLayoutEffect(() => {
        if (!view.focusWanted) return;
        view.focusWanted = false;
        host.current?.querySelector<HTMLElement>(".row.active")?.focus({ preventScroll: true });
    });
}

/** The longest message drawn since the rows were replaced: the list is as wide, and never shrinks
 * under a reader who has scrolled to the right. */
function useWidest(generation: number): { generation: number; cells: number } {
    const widest = useRef({ generation, cells: 0 });
    if (widest.current.generation !== generation) widest.current = { generation, cells: 0 };
    return widest.current;
}

/** What a reader can do with a row beside opening it. */
export interface RowActions {
    choose(key: string, value: string, negated: boolean): void;
    column(key: string): void;
    context(row: Row): void;
    share(row: Row): void;
    /** Copies a text, and says that `what` was copied. */
    copy(text: string, what: string): void;
}

interface LogListProps {
    session: Session;
    view: ListView;
    theme: Theme;
    wanted: Wanted;
    onColumns(columns: readonly Column[]): void;
    actions: RowActions;
    children: ReactNode; // shown when there are no rows
}

function copyAs(act: string, row: Row, { view, wanted, actions }: LogListProps): void {
    const rows = view.withFolded(row);
    const what = plural(rows.length, "line");
    if (act === "copy-json") actions.copy(jsonOf(row), "the record as JSON");
    else if (act === "copy-markdown") actions.copy(linesAsMarkdown(rows, wanted.utc), `${what} as Markdown`);
    else actions.copy(linesAsText(rows, wanted.utc), what);
}

function clickedIn(event: MouseEvent<HTMLDivElement>, list: LogListProps): void {
    const { session, view } = list;
    const target = event.target as HTMLElement;
    const seq = target.closest<HTMLElement>("[data-seq]")?.dataset.seq;
    const row = seq === undefined ? undefined : session.model.shown.at(Number(seq));
    if (!row || document.getSelection()?.type === "Range") return;
    const button = target.closest<HTMLElement>("[data-act]");
    const act = button?.dataset.act;
    const { key = "", value = "" } = button?.dataset ?? {};
    if (event.shiftKey && !button) extendTo(session, view, row);
    else if (act === "include" || act === "exclude") list.actions.choose(key, value, act === "exclude");
    else if (act === "column") list.actions.column(key);
    else if (act === "trace") {
        session.pause();
        view.toggleFold(row);
        session.rows.fire();
    } else if (act === "fill") void session.fill(row);
    else if (act === "mark") session.bookmarks.toggle(row.id);
    else if (act === "context") list.actions.context(row);
    else if (act === "share") list.actions.share(row);
    else if (act?.startsWith("copy-")) copyAs(act, row, list);
    else if (act === "close" || !target.closest(".details")) toggleRow(session, view, row);
}

/** Nearer to an end of the rows than this, in screens, and more is fetched. */
const NEAR = 3;

/** Fetches more of the past, or of what comes after it, as the reader comes near. */
function useReach(session: Session, view: ListView): void {
    useEffect(() => {
        if (!session.model.pause) return;
        const { above, below } = view.room;
        if (above < NEAR) void session.reachedTop();
        if (below < NEAR) void session.reachedEnd();
    });
}

/** Brings a record on the screen that was asked for, once it is there. */
function bringWanted(session: Session, view: ListView): void {
    if (session.wanted === null) return;
    const row = view.rowWithId(session.wanted);
    if (!row) return;
    session.wanted = null;
    session.sought = row.id;
    if (view.folds.hides(row)) view.toggleFold(row);
    view.activate(row);
    view.centre(row);
    view.focusWanted = true;
}

/** Shift chooses lines; the browser is not to mark text besides. */
function pressedIn(event: MouseEvent<HTMLDivElement>): void {
    if (event.shiftKey && (event.target as HTMLElement).closest("[data-seq]")) event.preventDefault();
}

function kindsOf(session: Session, view: ListView, row: Row, chosen: boolean): string {
    let kinds = row === view.active ? " active" : "";
    if (chosen) kinds += " chosen";
    if (view.detailsOf(row)) kinds += " opened";
    if (row.cont) kinds += " cont";
    if (row.id === session.sought && !row.notice) kinds += " sought";
    if (session.bookmarks.has(row.id) && !row.notice) kinds += " bookmarked";
    return kinds;
}

/** There is nothing yet but what the hub says of itself. */
function isBare({ shown, filter }: Model): boolean {
    if (shown.length > FIRST_WORDS || (shown.length > 0 && !sameFilter(filter, EVERYTHING))) return false;
    for (let seq = shown.first; seq < shown.end; seq += 1) if (shown.at(seq)?.source !== "logmill") return false;
    return true;
}

export function LogList(props: LogListProps): ReactNode {
    const { session, view, theme, wanted, children } = props;
    useSignal(session.rows);
    useSignal(session.bookmarks.changed);
    const host = useRef<HTMLDivElement>(null);
    const probe = useRef<HTMLDivElement>(null);
    const size = useSize(host, probe);
    const narrow = size.width < NARROW_PX;
    const grid = useMemo(() => {
        const cells = Math.floor((size.width - (narrow ? 20 : 32)) / size.cell);
        return gridFor(cells, narrow, wanted);
    }, [size.width, size.cell, narrow, wanted]);
    const heads = !narrow && columnsToText(wanted.fields) !== null;
    const height = size.height - (heads ? size.line : 0);
    const { model } = session;
    const { filter } = model;
    const { level } = filter;
    const { lookedFor } = session;
    const pattern = useMemo(() => marksOf(lookedFor), [lookedFor]);
    const widest = useWidest(model.generation);

    let drawn = view.update(grid, size.line, height);
    if (session.wanted !== null && size.height > 0) {
        bringWanted(session, view);
        drawn = view.update(grid, size.line, height);
    }
    const { extent, scrolled } = useScrolling(session, view, host);
    const slotOf = useSlots(drawn);
    const pinned = !extent.flows;
    const { chosen } = view;
    const rows: ReactNode[] = [];
    let top = view.index.before(drawn.from) * size.line - (pinned ? view.top : 0);
    for (let seq = drawn.from; seq < drawn.to; seq += 1) {
        const row = model.shown.at(seq) as Row;
        const lines = view.index.get(seq);
        if (lines === 0) continue; // folded away
        widest.cells = Math.max(widest.cells, Math.min(row.message.length, LINE_CELLS));
        rows.push(
            <LogRow
                key={slotOf(seq)}
                row={row}
                seq={seq}
                top={top}
                height={lines * size.line}
                grid={grid}
                theme={theme}
                pattern={pattern}
                active={row === view.active}
                kinds={kindsOf(session, view, row, chosen !== null && seq >= chosen.first && seq <= chosen.last)}
                details={view.detailsOf(row)}
                since={grid.delta ? (model.shown.at(seq - 1)?.time ?? Number.NaN) : Number.NaN}
                further={view.folds.count(row)}
                folded={view.folds.isFolded(row)}
            />,
        );
        top += lines * size.line;
    }

    useWantedFocus(view, host);
    usePauseOnSelection(session, host);
    useReach(session, view);
    const width = wanted.wrap ? "100%" : `max(100%, ${grid.gutter + widest.cells + 6}ch)`;
    return (
        <div
            ref={host}
            className={LEVELS.indexOf(level) >= WARN ? "list errors" : "list"}
            role="log"
            aria-live="off"
            aria-label="Log lines"
            tabIndex={0}
            data-testid="list"
            data-shown={model.shown.length}
            data-received={model.received}
            data-last-id={model.lastId}
            data-order-faults={model.orderFaults}
            onScroll={scrolled}
            onMouseDown={pressedIn}
            onClick={(event) => clickedIn(event, props)}
        >
            <div ref={probe} className="probe" aria-hidden="true" />
            {heads && <Heads columns={wanted.fields} cell={size.cell} onColumns={props.onColumns} />}
            <div className="canvas" style={{ height: extent.total, width }}>
                <div className={pinned ? "pane still" : "pane"} role="list">
                    {rows}
                </div>
            </div>
            {isBare(model) && children}
        </div>
    );
}

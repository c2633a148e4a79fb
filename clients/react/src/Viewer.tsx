// SPDX-License-Identifier: MIT
//
// The viewer: filter, list, pause bar, and the keys. What changes often lives in Session and
// ListView; React only draws it. LogViewer.tsx wraps it for other people's pages.

import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from "react";
import { Announcer } from "./Announcer.js";
import { BookmarksSheet } from "./BookmarksSheet.js";
import { Choice } from "./Choice.js";
import { copyText } from "./clipboard.js";
import type { Theme } from "./colour.js";
import { toggled, type Column } from "./columns.js";
import { ColumnsSheet } from "./ColumnsSheet.js";
import { linesAsMarkdown, linesAsText } from "./copied.js";
import { DownloadSheet } from "./DownloadSheet.js";
import { Empty, Trouble } from "./Empty.js";
import { EVERYTHING, termFor, withTerm } from "./filter.js";
import { Help } from "./Help.js";
import { HitsBar } from "./HitsBar.js";
import { plural } from "./format.js";
import { handleKey, toggleLift, type SheetName } from "./keys.js";
import { LogList, type RowActions } from "./LogList.js";
import { Minimap } from "./Minimap.js";
import { Muted } from "./Muted.js";
import { PauseBar } from "./PauseBar.js";
import { nextTheme, nextTime, resized, type Prefs, type Size } from "./prefs.js";
import type { Row } from "./record.js";
import { SeekDialog } from "./SeekDialog.js";
import type { Session } from "./session.js";
import { Note, useNote } from "./Note.js";
import { Toolbar } from "./Toolbar.js";
import { ListView } from "./view.js";
import { Pinned, ViewsSheet, type ViewsProps } from "./ViewsSheet.js";

export interface ViewerProps {
    session: Session;
    theme: Theme;
    prefs: Prefs;
    onPrefs(prefs: Prefs): void;
    /** Whose keys are the viewer's: the whole page's, or those pressed inside of it. */
    keys: "page" | "inside";
    withJob?: boolean;
    /** The address of a line, for links. Without it lines are not shared. */
    linkTo?(row: Row): string;
    columns: readonly Column[];
    onColumns(columns: readonly Column[]): void;
    /** Opens a second list beside this one, or closes it; without it there is only one. */
    onSplit?: () => void;
    /** Saved views, and going to one; without it there are none. */
    views?: ViewsProps;
    /** Further choices, in the sheet of columns. */
    options?: ReactNode;
    /** Between filter and list. */
    children?: ReactNode;
}

export function Viewer(props: ViewerProps): ReactNode {
    const { session, theme, prefs, onPrefs, columns, onColumns, views } = props;
    const [sheet, setSheet] = useState<SheetName | null>(null);
    const close = useCallback(() => setSheet(null), []);
    const view = useMemo(() => new ListView(session.model), [session]);
    const root = useRef<HTMLDivElement>(null);
    const searchInput = useRef<HTMLInputElement>(null);
    const jobInput = useRef<HTMLInputElement>(null);
    const { linkTo } = props;
    const [note, say] = useNote();
    const actions = useMemo(
        () => actionsOf(session, linkTo, say, (key) => onColumns(toggled(columns, key))),
        [session, linkTo, say, columns, onColumns],
    );
    const { wrap, fold, utc, delta } = prefs;
    const wanted = useMemo(() => ({ wrap, fold, utc, delta, fields: columns }), [wrap, fold, utc, delta, columns]);
    const show = (name: SheetName): void => {
        if (name !== "views" || views) setSheet(name);
    };
    useKeys(props, root, {
        session,
        view,
        ...actions,
        focusSearch: () => select(searchInput),
        focusJob: () => select(jobInput),
        toggleWrap: () => onPrefs({ ...prefs, wrap: !wrap }),
        toggleFolds: () => onPrefs({ ...prefs, fold: !fold }),
        nextTime: () => onPrefs(nextTime(prefs)),
        nextTheme: () => onPrefs(nextTheme(prefs)),
        show,
        copy: (row) => {
            const rows = view.copied(row);
            actions.copy(linesAsText(rows, utc), plural(rows.length, "line"));
        },
        copyMarkdown: (row) => {
            const rows = view.copied(row);
            const link = linkTo && rows[0] ? linkTo(rows[0]) : "";
            actions.copy(linesAsMarkdown(rows, utc, link), `${plural(rows.length, "line")} as Markdown`);
        },
        resize: (by) => onPrefs(resized(prefs, by)),
        note: say,
        ...(props.onSplit && { split: props.onSplit }),
    });
    return (
        <div ref={root} className="lm-viewer" data-size={prefs.size}>
            <Toolbar
                session={session}
                searchInput={searchInput}
                jobInput={jobInput}
                withJob={props.withJob ?? true}
                withViews={views !== undefined}
                onShow={show}
                onSplit={props.onSplit}
                onLift={() => toggleLift({ session, view })}
            />
            {views && <Pinned {...views} />}
            <Muted session={session} />
            <HitsBar session={session} view={view} note={say} />
            {props.children}
            <Trouble session={session} />
            <div className="listbox">
                <LogList session={session} view={view} theme={theme} wanted={wanted} onColumns={onColumns} actions={actions}>
                    <Empty session={session} />
                </LogList>
                <Minimap session={session} view={view} />
                <PauseBar session={session} />
                <Note note={note} />
            </div>
            <Announcer session={session} />
            <Help open={sheet === "help"} onClose={close} />
            <SeekDialog session={session} open={sheet === "seek"} utc={utc} onClose={close} />
            <BookmarksSheet session={session} utc={utc} open={sheet === "bookmarks"} onClose={close} onCopy={actions.copy} note={note} />
            <DownloadSheet session={session} utc={utc} open={sheet === "download"} onClose={close} />
            <ColumnsSheet
                session={session}
                columns={columns}
                onColumns={onColumns}
                open={sheet === "columns"}
                onClose={close}
            >
                <Looks prefs={prefs} onPrefs={onPrefs} />
                {props.options}
            </ColumnsSheet>
            {views && <ViewsSheet session={session} {...views} open={sheet === "views"} onClose={close} />}
        </div>
    );
}

const SIZE_WORDS = [
    ["small", "Small"],
    ["normal", "Normal"],
    ["large", "Large"],
    ["larger", "Larger"],
] as const;

function Looks({ prefs, onPrefs }: { prefs: Prefs; onPrefs(prefs: Prefs): void }): ReactNode {
    const box = (name: "wrap" | "fold", words: string): ReactNode => (
        <label className="check">
            <input
                type="checkbox"
                data-testid={`look-${name}`}
                checked={prefs[name]}
                onChange={() => onPrefs({ ...prefs, [name]: !prefs[name] })}
            />
            {words}
        </label>
    );
    return (
        <fieldset className="looks">
            <legend>Lines</legend>
            {box("fold", "Stack traces show their first line (O)")}
            {box("wrap", "Wrap long lines (l)")}
            <Choice<Size>
                label="Characters (+ and -)"
                name="size"
                options={SIZE_WORDS}
                value={prefs.size}
                onChange={(size) => onPrefs({ ...prefs, size })}
            />
        </fieldset>
    );
}

function select(field: RefObject<HTMLInputElement>): void {
    field.current?.focus();
    field.current?.select();
}

function actionsOf(
    session: Session,
    linkTo: ((row: Row) => string) | undefined,
    say: (text: string) => void,
    column: (key: string) => void,
): RowActions {
    const copy = (text: string, what: string): void =>
        void copyText(text).then(() => say(`Copied: ${what}`));
    return {
        copy,
        column,
        choose: (key, value, negated) => {
            const { filter } = session.model;
            session.setFilter({ ...filter, q: withTerm(filter.q, termFor(key, value, negated)) });
        },
        context: (row) => {
            const { filter } = session.model;
            session.lift({ ...EVERYTHING, job: filter.job, scope: filter.scope }, row.id);
        },
        share: (row) => {
            if (linkTo) copy(linkTo(row), "a link to the line");
        },
    };
}

function useKeys(props: ViewerProps, root: RefObject<HTMLDivElement>, targets: Parameters<typeof handleKey>[1]): void {
    const latest = useRef(targets);
    latest.current = targets;
    useEffect(() => {
        const host: EventTarget | null = props.keys === "page" ? window : root.current;
        const pressed = (event: Event): void => {
            if (handleKey(event as KeyboardEvent, latest.current)) event.preventDefault();
        };
        host?.addEventListener("keydown", pressed);
        return () => host?.removeEventListener("keydown", pressed);
    }, [props.keys, root]);
}

// SPDX-License-Identifier: MIT
//
// The viewer: filter, list, pause bar, and the keys. What changes often lives in Session and
// ListView; React only draws it. LogViewer.tsx wraps it for other people's pages.

import { useEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from "react";
import { Announcer } from "./Announcer.js";
import { copyText } from "./clipboard.js";
import type { Theme } from "./colour.js";
import { EVERYTHING, sameFilter, termFor, withTerm } from "./filter.js";
import { Help } from "./Help.js";
import { handleKey } from "./keys.js";
import { LogList, lineAsText, type RowActions } from "./LogList.js";
import { PauseBar } from "./PauseBar.js";
import type { Prefs } from "./prefs.js";
import type { Row } from "./record.js";
import { SeekDialog } from "./SeekDialog.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";
import { Toolbar } from "./Toolbar.js";
import { ListView } from "./view.js";

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
    /** Between filter and list. */
    children?: ReactNode;
    /** At the end of the filter bar. */
    tools?: ReactNode;
}

export function Viewer(props: ViewerProps): ReactNode {
    const { session, theme, prefs } = props;
    const [help, setHelp] = useState(false);
    const [seeking, setSeeking] = useState(false);
    const view = useMemo(() => new ListView(session.model), [session]);
    const root = useRef<HTMLDivElement>(null);
    const searchInput = useRef<HTMLInputElement>(null);
    const jobInput = useRef<HTMLInputElement>(null);
    const actions = useMemo(() => actionsOf(session, props.linkTo), [session, props.linkTo]);
    useKeys(props, root, {
        session,
        view,
        ...actions,
        focusSearch: () => select(searchInput),
        focusJob: () => select(jobInput),
        toggleWrap: () => props.onPrefs({ ...prefs, wrap: !prefs.wrap }),
        toggleZone: () => props.onPrefs({ ...prefs, utc: !prefs.utc }),
        toggleHelp: () => setHelp(true),
        seek: () => setSeeking(true),
        copy: (row) => void copyText(lineAsText(row, prefs.utc)),
    });
    return (
        <div ref={root} className="lm-viewer">
            <Toolbar
                session={session}
                searchInput={searchInput}
                jobInput={jobInput}
                withJob={props.withJob ?? true}
                onSeek={() => setSeeking(true)}
            >
                {props.tools}
            </Toolbar>
            {props.children}
            <div className="listbox">
                <LogList session={session} view={view} theme={theme} wrap={prefs.wrap} utc={prefs.utc} actions={actions}>
                    <Empty session={session} />
                </LogList>
                <PauseBar session={session} />
            </div>
            <Announcer session={session} />
            <Help open={help} onClose={() => setHelp(false)} />
            <SeekDialog session={session} open={seeking} utc={prefs.utc} onClose={() => setSeeking(false)} />
        </div>
    );
}

function select(field: RefObject<HTMLInputElement>): void {
    field.current?.focus();
    field.current?.select();
}

function actionsOf(session: Session, linkTo?: (row: Row) => string): RowActions {
    return {
        choose: (key, value, negated) => {
            const { filter } = session.model;
            session.setFilter({ ...filter, q: withTerm(filter.q, termFor(key, value, negated)) });
        },
        context: (row) => {
            const { filter } = session.model;
            session.setFilter({ ...EVERYTHING, job: filter.job, scope: filter.scope }, "chosen", row.id);
        },
        share: (row) => {
            if (linkTo) void copyText(linkTo(row));
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

function Empty({ session }: { session: Session }): ReactNode {
    useSignal(session.state);
    const { connection, model } = session;
    if (connection.name !== "live" && model.edge !== "history") return null;
    const isFiltered = !sameFilter(model.filter, { ...EVERYTHING, scope: model.filter.scope });
    return (
        <div className="empty" data-testid="empty">
            <p>{isFiltered ? "No line matches this filter yet." : "No lines yet."}</p>
            {isFiltered ? (
                <button
                    type="button"
                    onClick={() => session.setFilter({ ...EVERYTHING, scope: model.filter.scope })}
                >
                    Show all lines
                </button>
            ) : (
                <p className="hint">
                    Start something: <code>logmill run -- ping localhost</code>
                </p>
            )}
        </div>
    );
}

// SPDX-License-Identifier: MIT
//
// The page: header, filters, list. Everything that changes often lives in Session and ListView;
// React only draws it.

import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Announcer } from "./Announcer";
import { copyText } from "./clipboard";
import type { Theme } from "./colour";
import { EVERYTHING, sameFilter } from "./filter";
import { Header } from "./Header";
import { Help } from "./Help";
import { handleKey } from "./keys";
import { LogList, lineAsText } from "./LogList";
import { PauseBar } from "./PauseBar";
import { loadPrefs, savePrefs, type Prefs } from "./prefs";
import type { Session } from "./session";
import { useSignal } from "./signal";
import { Toolbar } from "./Toolbar";
import { ListView } from "./view";

function useSystemTheme(): Theme {
    const query = useMemo(() => matchMedia("(prefers-color-scheme: light)"), []);
    const [light, setLight] = useState(query.matches);
    useEffect(() => {
        const change = (): void => setLight(query.matches);
        query.addEventListener("change", change);
        return () => query.removeEventListener("change", change);
    }, [query]);
    return light ? "light" : "dark";
}

function Empty({ session }: { session: Session }): ReactNode {
    useSignal(session.state);
    const { connection, model } = session;
    if (connection.name !== "live") return null;
    const filtered = !sameFilter(model.filter, EVERYTHING);
    return (
        <div className="empty" data-testid="empty">
            <p>{filtered ? "No line matches this filter yet." : "No lines yet."}</p>
            {filtered ? (
                <button type="button" onClick={() => session.setFilter(EVERYTHING)}>
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

export function App({ session }: { session: Session }): ReactNode {
    const [prefs, setPrefs] = useState<Prefs>(() => loadPrefs(innerWidth < 640));
    const [help, setHelp] = useState(false);
    const view = useMemo(() => new ListView(session.model), [session]);
    const searchInput = useRef<HTMLInputElement>(null);
    const jobInput = useRef<HTMLInputElement>(null);
    const system = useSystemTheme();
    const theme = prefs.theme === "auto" ? system : prefs.theme;

    const changePrefs = (next: Prefs): void => {
        setPrefs(next);
        savePrefs(next);
    };

    useSignal(session.state);
    const { job } = session.model.filter;
    useEffect(() => {
        document.title = job === "" ? "logmill" : `${job} · logmill`;
    }, [job]);

    useEffect(() => {
        document.documentElement.dataset.theme = theme;
    }, [theme]);

    useEffect(() => {
        const select = (input: HTMLInputElement | null): void => {
            input?.focus();
            input?.select();
        };
        const pressed = (event: KeyboardEvent): void => {
            const ours = handleKey(event, {
                session,
                view,
                focusSearch: () => select(searchInput.current),
                focusJob: () => select(jobInput.current),
                toggleWrap: () => changePrefs({ ...prefs, wrap: !prefs.wrap }),
                toggleZone: () => changePrefs({ ...prefs, utc: !prefs.utc }),
                toggleHelp: () => setHelp(true),
                copy: (row) => void copyText(lineAsText(row, prefs.utc)),
            });
            if (ours) event.preventDefault();
        };
        addEventListener("keydown", pressed);
        return () => removeEventListener("keydown", pressed);
    }, [session, view, prefs]);

    return (
        <div className="page">
            <Header session={session} prefs={prefs} onPrefs={changePrefs} onHelp={() => setHelp(true)} />
            <Toolbar session={session} searchInput={searchInput} jobInput={jobInput} />
            <main>
                <LogList
                    session={session}
                    view={view}
                    theme={theme}
                    wrap={prefs.wrap}
                    utc={prefs.utc}
                    onJob={(job) => session.setFilter({ ...session.model.filter, job }, "push")}
                >
                    <Empty session={session} />
                </LogList>
                <PauseBar session={session} />
            </main>
            <Announcer session={session} />
            <Help open={help} onClose={() => setHelp(false)} />
        </div>
    );
}

// SPDX-License-Identifier: MIT
//
// The upper line: whose page this is, how the connection does, how much came, how it is shown.

import { useEffect, useState, type ReactNode } from "react";
import { count, plural } from "./format";
import { ClockIcon, Logo, ThemeIcon, WrapIcon } from "./icons";
import type { Prefs } from "./prefs";
import type { Session } from "./session";
import { useSignal } from "./signal";

/** Seconds until `until`, kept up to date while it is shown. */
function useCountdown(until: number | null): number {
    const [now, setNow] = useState(() => performance.now());
    useEffect(() => {
        if (until === null) return undefined;
        setNow(performance.now());
        const timer = setInterval(() => setNow(performance.now()), 250);
        return () => clearInterval(timer);
    }, [until]);
    return until === null ? 0 : Math.max(0, Math.ceil((until - now) / 1000));
}

interface StateText {
    name: "connecting" | "live" | "paused" | "reconnecting";
    text: string;
    reason: string;
}

function useStateText(session: Session): StateText {
    useSignal(session.state);
    const { connection, model } = session;
    const seconds = useCountdown(connection.name === "waiting" ? connection.until : null);
    if (connection.name === "waiting") {
        const when = seconds > 0 ? `in ${seconds} s` : "now";
        return { name: "reconnecting", text: `Reconnecting ${when}`, reason: connection.reason };
    }
    if (connection.name === "connecting")
        return { name: "connecting", text: "Connecting…", reason: "" };
    if (model.pause) return { name: "paused", text: "Paused", reason: "" };
    return { name: "live", text: "Live", reason: "" };
}

function Status({ session }: { session: Session }): ReactNode {
    const state = useStateText(session);
    return (
        <div className={`status ${state.name}`} data-testid="status" data-state={state.name}>
            <span className="dot" />
            <span className="state">{state.text}</span>
            {state.reason !== "" && (
                <span className="reason" title={state.reason}>
                    {state.reason}
                </span>
            )}
            {state.name === "reconnecting" && (
                <button type="button" className="link" onClick={() => session.retry()}>
                    Now
                </button>
            )}
        </div>
    );
}

function Counts({ session }: { session: Session }): ReactNode {
    useSignal(session.stats);
    const { model } = session;
    return (
        <div className="counts">
            {model.dropped > 0 && (
                <span className="lost" data-testid="dropped" title="The hub could not send these in time">
                    {count(model.dropped)} dropped
                </span>
            )}
            {model.gaps > 0 && <span className="lost">{plural(model.gaps, "gap")}</span>}
            <span data-testid="count" title="Lines loaded in this page (the newest 100,000 are kept)">
                {plural(model.shown.length, "line")}
            </span>
            <span className="rate" data-testid="rate">
                {count(session.linesPerSecond)}/s
            </span>
        </div>
    );
}

const NEXT_THEME = { auto: "dark", dark: "light", light: "auto" } as const;

interface HeaderProps {
    session: Session;
    prefs: Prefs;
    onPrefs(prefs: Prefs): void;
    onHelp(): void;
}

export function Header({ session, prefs, onPrefs, onHelp }: HeaderProps): ReactNode {
    return (
        <header className="bar top">
            <a className="brand" href="/" title="All lines">
                <Logo />
                logmill
            </a>
            <Status session={session} />
            <span className="space" />
            <Counts session={session} />
            <div className="tools">
                <button
                    type="button"
                    aria-pressed={prefs.wrap}
                    title="Wrap long lines (l)"
                    data-testid="wrap"
                    onClick={() => onPrefs({ ...prefs, wrap: !prefs.wrap })}
                >
                    <WrapIcon />
                    <span className="word">Wrap</span>
                </button>
                <button
                    type="button"
                    title="Local time or UTC (T)"
                    data-testid="zone"
                    onClick={() => onPrefs({ ...prefs, utc: !prefs.utc })}
                >
                    <ClockIcon />
                    <span className="word">{prefs.utc ? "UTC" : "Local"}</span>
                </button>
                <button
                    type="button"
                    title="Colours: as the system, dark, or light"
                    data-testid="theme"
                    onClick={() => onPrefs({ ...prefs, theme: NEXT_THEME[prefs.theme] })}
                >
                    <ThemeIcon />
                    <span className="word">{{ auto: "Auto", dark: "Dark", light: "Light" }[prefs.theme]}</span>
                </button>
                <button type="button" title="Keys (?)" aria-label="Help" onClick={onHelp}>
                    ?
                </button>
            </div>
        </header>
    );
}

// SPDX-License-Identifier: MIT
//
// How the connection does and how much came: always in sight.

import { useEffect, useState, type ReactNode } from "react";
import type { ConnectionState } from "@logmill/client";
import { count, plural } from "./format.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";

/** Seconds until `until` (of Date.now()), kept up to date while it is shown. */
function useCountdown(until: number | null): number {
    const [now, setNow] = useState(() => Date.now());
    useEffect(() => {
        if (until === null) return undefined;
        setNow(Date.now());
        const timer = setInterval(() => setNow(Date.now()), 250);
        return () => clearInterval(timer);
    }, [until]);
    return until === null ? 0 : Math.max(0, Math.ceil((until - now) / 1000));
}

interface StateText {
    name: "connecting" | "live" | "catching-up" | "paused" | "reconnecting" | "refused";
    text: string;
    reason: string;
}

/** A connection in words, kept up to date. */
function useConnectionText(connection: ConnectionState): StateText {
    const seconds = useCountdown(connection.name === "waiting" ? connection.until : null);
    switch (connection.name) {
        case "waiting": {
            const when = seconds > 0 ? `in ${seconds} s` : "now";
            return { name: "reconnecting", text: `Reconnecting ${when}`, reason: connection.reason };
        }
        case "refused":
            return { name: "refused", text: "Refused", reason: "" };
        case "connecting":
            return { name: "connecting", text: "Connecting…", reason: "" };
        case "closed":
            return { name: "connecting", text: "Not connected", reason: "" };
        case "live":
            return { name: "live", text: "Live", reason: "" };
    }
}

/** The same of a session, whose list may stand, or lag behind. */
function useStateText({ connection, model, behind, state, stats }: Session): StateText {
    useSignal(state);
    useSignal(stats);
    const words = useConnectionText(connection);
    if (connection.name === "closed" && model.edge === "history") return { name: "paused", text: "Past", reason: "" };
    if (connection.name !== "live") return words;
    if (behind)
        return { name: "catching-up", text: `Catching up, ${plural(Math.max(0, behind.lines), "line")}`, reason: "" };
    return model.pause ? { name: "paused", text: "Paused", reason: "" } : words;
}

/** How a connection does; what follows it says more. */
function StateLine({ state, testId, children }: { state: StateText; testId: string; children?: ReactNode }): ReactNode {
    return (
        <div className={`status ${state.name}`} data-testid={testId} data-state={state.name}>
            <span className="dot" />
            <span className="state">{state.text}</span>
            {children}
        </div>
    );
}

export function ConnectionStatus({ connection, testId }: { connection: ConnectionState; testId: string }): ReactNode {
    return <StateLine state={useConnectionText(connection)} testId={testId} />;
}

export function Status({ session }: { session: Session }): ReactNode {
    const state = useStateText(session);
    return (
        <StateLine state={state} testId="status">
            {state.name === "live" && session.pace.lag !== null && (
                <span
                    className="lag"
                    data-testid="lag"
                    title="From the time of the newest lines to their arrival here, the longest in a second; the clocks of both machines count"
                >
                    {session.pace.lag < 1000 ? `${session.pace.lag} ms` : `${(session.pace.lag / 1000).toFixed(1)} s`}
                </span>
            )}
            {state.name === "reconnecting" && (
                <span className="reason" title={state.reason}>
                    {state.reason}
                </span>
            )}
            {(state.name === "reconnecting" || state.name === "refused") && (
                <button type="button" className="link" onClick={session.retry}>
                    Now
                </button>
            )}
        </StateLine>
    );
}

export function Counts({ session }: { session: Session }): ReactNode {
    useSignal(session.stats);
    const { model } = session;
    return (
        <div className="counts">
            {model.dropped > 0 && (
                <span className="lost" data-testid="dropped" title="The hub could not send these in time; they are in its store">
                    {count(model.dropped)} dropped
                </span>
            )}
            {model.gaps > 0 && <span className="lost">{plural(model.gaps, "gap")}</span>}
            <span data-testid="count" title={`Lines loaded in this page (at most ${count(model.keep)})`}>
                {plural(model.shown.length, "line")}
            </span>
            <span className="rate" data-testid="rate">
                {count(session.pace.linesPerSecond)}/s
            </span>
        </div>
    );
}

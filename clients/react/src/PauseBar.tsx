// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";
import { count, plural } from "./format.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";

/** What has come while the reader stood still, and the way back. */
export function PauseBar({ session }: { session: Session }): ReactNode {
    useSignal(session.stats);
    useSignal(session.state);
    const { pause, edge } = session.model;
    if (!pause) return null;
    return (
        <button type="button" className="pausebar" data-testid="resume" onClick={() => session.follow()}>
            {edge === "history" ? (
                <span>You are in the past</span>
            ) : (
                <span>
                    Paused, {count(pause.lines)} new
                    {pause.errors > 0 && <em> ({plural(pause.errors, "error")})</em>}
                </span>
            )}
            <span className="resume">
                {edge === "history" ? "To the present" : "Resume"} <kbd>End</kbd>
            </span>
        </button>
    );
}

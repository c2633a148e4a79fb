// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";
import { count, plural } from "./format";
import type { Session } from "./session";
import { useSignal } from "./signal";

/** What has come while the reader stood still, and the way back. */
export function PauseBar({ session }: { session: Session }): ReactNode {
    useSignal(session.stats);
    const { pause } = session.model;
    if (!pause) return null;
    return (
        <button
            type="button"
            className="pausebar"
            data-testid="resume"
            onClick={() => session.follow()}
        >
            <span>
                Paused, {count(pause.lines)} new
                {pause.errors > 0 && <em> ({plural(pause.errors, "error")})</em>}
            </span>
            <span className="resume">
                Resume <kbd>End</kbd>
            </span>
        </button>
    );
}

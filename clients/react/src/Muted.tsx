// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";
import { mutedSources, withMuted } from "./filter.js";
import { CloseIcon } from "./icons.js";
import { safeText } from "./layout.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";

/** Sources that the filter leaves out: a press lets one in again. */
export function Muted({ session }: { session: Session }): ReactNode {
    useSignal(session.state);
    const { filter } = session.model;
    const sources = mutedSources(filter.q);
    if (sources.length === 0) return null;
    return (
        <div className="pinned" role="group" aria-label="Muted sources" data-testid="muted">
            <span className="hint">Muted</span>
            {sources.map((source) => (
                <button
                    key={source}
                    type="button"
                    title="Show its lines again"
                    onClick={() => session.setFilter({ ...filter, q: withMuted(filter.q, source) })}
                >
                    {safeText(source)}
                    <CloseIcon />
                </button>
            ))}
        </div>
    );
}

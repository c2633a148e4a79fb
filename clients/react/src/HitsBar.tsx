// SPDX-License-Identifier: MIT
//
// What is looked for while it does not choose the lines: how often it is in the store, and the way from one hit to
// the next.

import type { ReactNode } from "react";
import { toLogFilter, type Filter } from "./filter.js";
import { count } from "./format.js";
import { CloseIcon, DownIcon, UpIcon } from "./icons.js";
import { nextHit, toggleLift } from "./keys.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";
import { useAnswer } from "./useAnswer.js";
import type { ListView } from "./view.js";

interface HitsBarProps {
    session: Session;
    view: ListView;
    note(text: string): void;
}

export function HitsBar(props: HitsBarProps): ReactNode {
    useSignal(props.session.state);
    const { lifted } = props.session;
    return lifted && <Hits {...props} lifted={lifted} />;
}

function inWords({ q, level }: Filter): string {
    const least = level === "trace" ? "" : `${level} and above`;
    return [q.trim(), least].filter((part) => part !== "").join(", ");
}

function Hits({ session, view, note, lifted }: HitsBarProps & { lifted: Filter }): ReactNode {
    const wanted = toLogFilter(lifted);
    const { data } = useAnswer(JSON.stringify(wanted), (signal) =>
        session.service.search({ ...wanted, limit: 1, count: "capped", signal }),
    );
    const { total = null, at_least = false } = data?.pagination ?? {};
    return (
        <div className="pinned hits" role="group" aria-label="Hits" data-testid="hits">
            <span className="hint word">Looking for</span>
            <code title={inWords(lifted)}>{inWords(lifted)}</code>
            {total !== null && <span className="hint" data-testid="hits-total">{`${count(total)}${at_least ? "+" : ""} in all`}</span>}
            <button type="button" title="The hit before (N)" aria-label="Previous hit" data-testid="hit-before" onClick={() => void nextHit({ session, view, note }, -1)}>
                <UpIcon />
                <span className="word">Previous</span>
            </button>
            <button type="button" title="The next hit (n)" aria-label="Next hit" data-testid="hit-next" onClick={() => void nextHit({ session, view, note }, 1)}>
                <DownIcon />
                <span className="word">Next</span>
            </button>
            <button type="button" title="Only lines with hits again (F)" data-testid="hits-filter" onClick={() => toggleLift({ session, view })}>
                Filter
            </button>
            <button type="button" aria-label="No longer look for it" title="No longer look for it" onClick={() => session.forgetLifted()}>
                <CloseIcon />
            </button>
        </div>
    );
}

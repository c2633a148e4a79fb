// SPDX-License-Identifier: MIT
//
// Why there are no lines, or no new ones, and what can be done about it.

import type { ReactNode } from "react";
import type { ConnectionState } from "@logmill/client";
import { EVERYTHING, sameFilter } from "./filter.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";
import { Problem, Words } from "./Words.js";

const isOfFilter = (code: string): boolean => code === "bad_filter" || code === "filter_too_expensive";

const ASTRAY = "This line is not kept any more, or the filter leaves it out: here is what lies next to it.";

/** Why the hub does not do what is wanted, where there are lines; without any, their place says it. */
export function Trouble({ session }: { session: Session }): ReactNode {
    useSignal(session.state);
    const { connection, model, trouble, isAstray } = session;
    if (connection.name === "refused" && model.shown.length > 0)
        return <Problem text={connection.reason} testId="trouble" />;
    return <Problem text={trouble || (isAstray ? ASTRAY : "")} testId="trouble" />;
}

function withoutLines(connection: ConnectionState): string {
    if (connection.name !== "refused") return "No lines to show without the hub.";
    return isOfFilter(connection.code) ? "The hub cannot use this filter." : "The hub shows no lines here.";
}

/** Instead of lines, or beside the first ones of the hub itself. */
export function Empty({ session }: { session: Session }): ReactNode {
    useSignal(session.state);
    const { connection, model } = session;
    const isFiltered = !sameFilter(model.filter, { ...EVERYTHING, scope: model.filter.scope });
    const all = isFiltered && (
        <button type="button" onClick={() => session.setFilter({ ...EVERYTHING, scope: model.filter.scope })}>
            Show all lines
        </button>
    );
    if (connection.name === "waiting" || connection.name === "refused")
        return model.shown.length > 0 ? null : (
            <div className="empty" data-testid="empty">
                <p>{withoutLines(connection)}</p>
                <p className="hint">
                    <Words text={connection.reason} />
                </p>
                {connection.name === "refused" && isOfFilter(connection.code) && all}
            </div>
        );
    if (connection.name !== "live" && model.edge !== "history") return null;
    return (
        <div className="empty" data-testid="empty">
            <p>{isFiltered ? "No line matches this filter yet." : model.shown.length === 0 ? "No lines yet." : "Only the hub itself so far."}</p>
            {all || (
                <p className="hint">
                    Start something: <code>logmill run -- ping localhost</code>
                </p>
            )}
        </div>
    );
}

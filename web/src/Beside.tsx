// SPDX-License-Identifier: MIT
//
// A second list beside the first, with a filter, a place and a pause of its own. Keys are its own while the
// focus is in it.

import { useEffect, useMemo, useRef, type ReactNode } from "react";
import { Counts, filterFromQuery, filterToParams, Session, Status, Viewer, type ViewerProps } from "@logmill/react/page";
import { bookmarks, service, streams } from "./service";

interface BesideProps extends Pick<ViewerProps, "prefs" | "onPrefs" | "theme" | "columns" | "onColumns"> {
    /** Its filter, as the query of an address. */
    query: string;
    onQuery(query: string, how: "push" | "replace"): void;
    onClose(): void;
}

export function Beside({ query, onQuery, onClose, ...looks }: BesideProps): ReactNode {
    const { keep } = looks.prefs;
    const latest = useRef(onQuery);
    latest.current = onQuery;
    const session = useMemo(
        () =>
            new Session({
                service,
                streams,
                bookmarks,
                keep,
                filter: filterFromQuery(query),
                onFilter: (filter, why) =>
                    latest.current(filterToParams(filter).toString(), why === "typed" ? "replace" : "push"),
            }),
        // eslint-disable-next-line react-hooks/exhaustive-deps -- another filter is told to the session it has
        [keep],
    );
    useEffect(() => {
        session.start();
        return () => session.stop();
    }, [session]);
    useEffect(() => session.setFilter(filterFromQuery(query), "address"), [session, query]);
    return (
        <section className="beside" aria-label="Second list" data-testid="beside">
            <div className="bar top">
                <Status session={session} />
                <span className="space" />
                <Counts session={session} />
                <button type="button" title="One list again (|)" data-testid="beside-close" onClick={onClose}>
                    Close
                </button>
            </div>
            <Viewer {...looks} session={session} keys="inside" onSplit={onClose} />
        </section>
    );
}

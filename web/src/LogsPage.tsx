// SPDX-License-Identifier: MIT
//
// Live lines and, scrolling up or going to a time, everything before them. The address holds the
// filter, and `at` the line that a link was made for.

import { useCallback, useEffect, useLayoutEffect, useMemo, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import {
    Counts,
    filterFromQuery,
    filterToParams,
    Histogram,
    Session,
    Status,
    Viewer,
    type Filter,
    type Row,
} from "@logmill/react/page";
import type { PageProps } from "./App";
import { navigate, useAddress } from "./router";
import { service } from "./service";

function addressOf(filter: Filter, at?: number): string {
    const params = filterToParams(filter);
    if (at !== undefined) params.set("at", String(at));
    const query = params.toString();
    return location.pathname + (query === "" ? "" : `?${query}`);
}

function useSession(): Session {
    const session = useMemo(
        () =>
            new Session({
                service,
                filter: filterFromQuery(location.search),
                onFilter: (filter, why) => navigate(addressOf(filter), why === "typed" ? "replace" : "push"),
            }),
        [],
    );
    useEffect(() => {
        session.start();
        const at = Number(new URLSearchParams(location.search).get("at"));
        if (at > 0) void session.seekId(at);
        return () => session.stop();
    }, [session]);
    return session;
}

/** Into the header, which belongs to the page. */
export function InHeader({ children }: { children: ReactNode }): ReactNode {
    const [host, setHost] = useState<HTMLElement | null>(null);
    useLayoutEffect(() => setHost(document.getElementById("page-status")), []);
    return host && createPortal(children, host);
}

export function LogsPage({ prefs, onPrefs, theme }: PageProps): ReactNode {
    const session = useSession();
    const { query } = useAddress();
    useEffect(() => {
        session.setFilter(filterFromQuery(query), "address");
        const job = session.model.filter.job;
        document.title = job === "" ? "logmill" : `${job} · logmill`;
    }, [session, query]);
    const linkTo = useCallback(
        (row: Row): string => new URL(addressOf(session.model.filter, row.id), location.href).href,
        [session],
    );
    return (
        <>
            <InHeader>
                <Status session={session} />
                <Counts session={session} />
            </InHeader>
            <Viewer session={session} theme={theme} prefs={prefs} onPrefs={onPrefs} keys="page" linkTo={linkTo}>
                <Histogram session={session} utc={prefs.utc} />
            </Viewer>
        </>
    );
}

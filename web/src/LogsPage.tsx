// SPDX-License-Identifier: MIT
//
// Live lines and, scrolling up or going to a time, everything before them. The address holds the
// filter, the columns, and `at` the line that a link was made for.

import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import {
    Choice,
    columnsFromText,
    columnsToText,
    count,
    Counts,
    filterFromQuery,
    filterToParams,
    Histogram,
    KEEPS,
    loadViews,
    saveViews,
    Session,
    Status,
    Viewer,
    type Column,
    type Filter,
    type Row,
    type View,
} from "@logmill/react/page";
import type { PageProps } from "./App";
import { InHeader } from "./InHeader";
import { href, navigate, useAddress } from "./router";
import { service, streams } from "./service";

const COLUMNS = "columns";

/** The query that says all of it, in one order, so that equal views have equal queries. */
function queryOf(filter: Filter, columns: string | null, at?: number): string {
    const params = filterToParams(filter);
    if (columns !== null) params.set(COLUMNS, columns);
    if (at !== undefined) params.set("at", String(at));
    return params.toString();
}

const columnsNow = (): string | null => new URLSearchParams(location.search).get(COLUMNS);
const addressOf = (query: string): string => location.pathname + (query === "" ? "" : `?${query}`);

function useSession(keep: number): Session {
    const session = useMemo(
        () =>
            new Session({
                service,
                streams,
                keep,
                filter: filterFromQuery(location.search),
                onFilter: (filter, why) =>
                    navigate(addressOf(queryOf(filter, columnsNow())), why === "typed" ? "replace" : "push"),
            }),
        [keep],
    );
    useEffect(() => {
        const at = Number(new URLSearchParams(location.search).get("at"));
        session.start(at > 0 ? at : null);
        return () => session.stop();
    }, [session]);
    return session;
}

function useColumns(session: Session, query: string): [readonly Column[], (columns: readonly Column[]) => void] {
    const text = new URLSearchParams(query).get(COLUMNS);
    const columns = useMemo(() => columnsFromText(text), [text]);
    const change = useCallback(
        (next: readonly Column[]) => navigate(addressOf(queryOf(session.model.filter, columnsToText(next))), "replace"),
        [session],
    );
    return [columns, change];
}

function useViews(): [readonly View[], (views: readonly View[]) => void] {
    const [views, setViews] = useState<readonly View[]>(loadViews);
    const change = useCallback((next: readonly View[]): void => {
        setViews(next);
        saveViews(next);
    }, []);
    return [views, change];
}

/** How many rows stay in the page. Another number begins anew. */
const KEPT = KEEPS.map((keep) => [keep, count(keep)] as const);

export function LogsPage({ prefs, onPrefs, theme }: PageProps): ReactNode {
    const session = useSession(prefs.keep);
    const { query } = useAddress();
    const [columns, onColumns] = useColumns(session, query);
    const [views, onViews] = useViews();
    useEffect(() => {
        session.setFilter(filterFromQuery(query), "address");
        const job = session.model.filter.job;
        document.title = job === "" ? "logmill" : `${job} · logmill`;
    }, [session, query]);
    const linkTo = useCallback(
        (row: Row): string => new URL(addressOf(queryOf(session.model.filter, columnsNow(), row.id)), location.href).href,
        [session],
    );
    const present = queryOf(filterFromQuery(query), columnsToText(columns));
    const onQuery = useCallback(
        (next: string): void => navigate(href("/logs") + (next === "" ? "" : `?${next}`)),
        [],
    );
    return (
        <>
            <InHeader>
                <Status session={session} />
                <Counts session={session} />
            </InHeader>
            <Viewer
                session={session}
                theme={theme}
                prefs={prefs}
                onPrefs={onPrefs}
                columns={columns}
                onColumns={onColumns}
                options={
                    <Choice
                        label="Lines kept in this page"
                        name="keep"
                        options={KEPT}
                        value={prefs.keep}
                        onChange={(keep) => onPrefs({ ...prefs, keep })}
                    />
                }
                keys="page"
                linkTo={linkTo}
                views={{ views, onViews, query: present, onQuery }}
            >
                <Histogram session={session} utc={prefs.utc} />
            </Viewer>
        </>
    );
}

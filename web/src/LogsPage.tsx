// SPDX-License-Identifier: MIT
//
// Live lines and, scrolling up or going to a time, everything before them. The address holds the
// filter, the columns, `beside` the filter of a second list, and `at` the line that a link was made for.

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
import { Beside } from "./Beside";
import { placeIn, takeFirst } from "./early";
import { InHeader } from "./InHeader";
import { href, navigate, useAddress } from "./router";
import { bookmarks, service, streams } from "./service";

/** What the address says beside the filter: the columns, and the filter of a second list. */
const COLUMNS = "columns";
const BESIDE = "beside";

interface Kept {
    columns: string | null;
    beside: string | null;
}

function keptIn(query: string): Kept {
    const params = new URLSearchParams(query);
    return { columns: params.get(COLUMNS), beside: params.get(BESIDE) };
}

/** The query that says all of it, in one order, so that equal views have equal queries. */
function queryOf(filter: Filter, { columns, beside }: Kept, at?: number): string {
    const params = filterToParams(filter);
    if (columns !== null) params.set(COLUMNS, columns);
    if (beside !== null) params.set(BESIDE, beside);
    if (at !== undefined) params.set("at", String(at));
    return params.toString();
}

const addressOf = (query: string): string => location.pathname + (query === "" ? "" : `?${query}`);

/** Another address with the filter that this one has. */
function keep(part: Partial<Kept>, how: "push" | "replace"): void {
    const kept = { ...keptIn(location.search), ...part };
    navigate(addressOf(queryOf(filterFromQuery(location.search), kept)), how);
}

function useSession(kept: number): Session {
    const session = useMemo(
        () =>
            new Session({
                service,
                streams,
                bookmarks,
                keep: kept,
                filter: filterFromQuery(location.search),
                onFilter: (filter, why) =>
                    navigate(addressOf(queryOf(filter, keptIn(location.search))), why === "typed" ? "replace" : "push"),
            }),
        [kept],
    );
    useEffect(() => {
        session.start(placeIn(location.search), takeFirst());
        return () => session.stop();
    }, [session]);
    return session;
}

const onColumns = (columns: readonly Column[]): void => keep({ columns: columnsToText(columns) }, "replace");

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
    const kept = keptIn(query);
    const { beside } = kept;
    const columns = useMemo(() => columnsFromText(kept.columns), [kept.columns]);
    const [views, onViews] = useViews();
    useEffect(() => {
        session.setFilter(filterFromQuery(query), "address");
        const job = session.model.filter.job;
        document.title = job === "" ? "logmill" : `${job} · logmill`;
    }, [session, query]);
    const linkTo = useCallback(
        (row: Row): string =>
            new URL(addressOf(queryOf(session.model.filter, keptIn(location.search), row.id)), location.href).href,
        [session],
    );
    const present = queryOf(filterFromQuery(query), { ...kept, columns: columnsToText(columns) });
    const onQuery = useCallback(
        (next: string): void => navigate(href("/logs") + (next === "" ? "" : `?${next}`)),
        [],
    );
    const onSplit = (): void =>
        keep({ beside: beside === null ? filterToParams(session.model.filter).toString() : null }, "push");
    const looks = { prefs, onPrefs, theme, columns, onColumns };
    return (
        <div className="panes">
            <h1 className="sr-only">Logs</h1>
            <InHeader>
                <Status session={session} />
                <Counts session={session} />
            </InHeader>
            <Viewer
                {...looks}
                session={session}
                options={
                    <Choice
                        label="Lines kept in this page"
                        name="keep"
                        options={KEPT}
                        value={prefs.keep}
                        onChange={(lines) => onPrefs({ ...prefs, keep: lines })}
                    />
                }
                keys="page"
                linkTo={linkTo}
                onSplit={onSplit}
                views={{ views, onViews, query: present, onQuery }}
            >
                <Histogram session={session} utc={prefs.utc} />
            </Viewer>
            {beside !== null && (
                <Beside {...looks} query={beside} onQuery={(next, how) => keep({ beside: next }, how)} onClose={onSplit} />
            )}
        </div>
    );
}

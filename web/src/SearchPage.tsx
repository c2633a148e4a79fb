// SPDX-License-Identifier: MIT
//
// Search over everything that is stored: a filter and a range of time, with lines over time, the most
// frequent sources and shapes of messages, and the matches, newest first. The address holds it all.

import { useMemo, useState, type FormEvent, type ReactNode } from "react";
import { filterError, type LogFilter, type LogMessage, type UnreadPlace } from "@logmill/client";
import {
    count,
    EVERYTHING,
    Histogram,
    marksOf,
    Session,
    timeFromWords,
    useAnswer,
} from "@logmill/react/page";
import type { PageProps } from "./App";
import { Found } from "./Found";
import { follow, href, navigate, useAddress } from "./router";
import { service } from "./service";
import { UnreadNote } from "./UnreadNote";

const PAGE = 200;

interface Wanted {
    q: string;
    from: string;
    to: string;
}

function wantedOf(query: string): Wanted {
    const params = new URLSearchParams(query);
    return { q: params.get("q") ?? "", from: params.get("from") ?? "24h ago", to: params.get("to") ?? "" };
}

function addressOf({ q, from, to }: Wanted): string {
    const params = new URLSearchParams();
    if (q !== "") params.set("q", q);
    if (from !== "24h ago") params.set("from", from);
    if (to !== "") params.set("to", to);
    const query = params.toString();
    return href(query === "" ? "/search" : `/search?${query}`);
}

export function SearchPage(props: PageProps): ReactNode {
    const { query } = useAddress();
    const wanted = wantedOf(query);
    return <Search key={query} wanted={wanted} {...props} />;
}

interface Range {
    from?: Date;
    to?: Date;
}

/** Null when a time cannot be understood. */
function rangeOf({ from, to }: Wanted, utc: boolean): Range | null {
    const now = new Date();
    const start = from === "" ? undefined : timeFromWords(from, now, utc);
    const end = to === "" ? undefined : timeFromWords(to, now, utc);
    if (start === null || end === null) return null;
    return { ...(start && { from: start }), ...(end && { to: end }) };
}

function Search({ wanted, prefs }: PageProps & { wanted: Wanted }): ReactNode {
    const range = useMemo(() => rangeOf(wanted, prefs.utc), [wanted.from, wanted.to, prefs.utc]);
    const mistake = filterError(wanted.q)?.message ?? (range ? "" : "a time was not understood: try 5m ago, yesterday 17:30, or 2026-01-15");
    return (
        <section className="searchpage" aria-label="Search">
            <h1 className="sr-only">Search</h1>
            <SearchForm wanted={wanted} mistake={mistake} />
            {mistake === "" && range && <Results wanted={wanted} range={range} utc={prefs.utc} />}
        </section>
    );
}

function SearchForm({ wanted, mistake }: { wanted: Wanted; mistake: string }): ReactNode {
    const [words, setWords] = useState(wanted);
    const search = (event: FormEvent): void => {
        event.preventDefault();
        navigate(addressOf(words));
    };
    const field = (name: keyof Wanted, label: string, hint: string): ReactNode => (
        <div className={`field ${name === "q" ? "search" : "when"}`}>
            <input
                type="text"
                aria-label={label}
                placeholder={hint}
                data-testid={`search-${name}`}
                value={words[name]}
                spellCheck={false}
                autoComplete="off"
                onChange={(event) => setWords({ ...words, [name]: event.target.value })}
            />
        </div>
    );
    return (
        <form className="bar filters" role="search" onSubmit={search}>
            {field("q", "Filter", "Filter: text, level>=warn, source:api, -noise, /regex/")}
            {field("from", "From", "from: 24h ago")}
            {field("to", "To", "to: now")}
            <button type="submit" className="follow" data-testid="search-go">
                Search
            </button>
            {mistake !== "" && (
                <span className="problem" role="alert">
                    {mistake}
                </span>
            )}
        </form>
    );
}

function Results({ wanted, range, utc }: { wanted: Wanted; range: Range; utc: boolean }): ReactNode {
    const filter: LogFilter = wanted.q === "" ? {} : { q: wanted.q };
    const key = JSON.stringify([filter, range]);
    const session = useMemo(() => new Session({ service, filter: { ...EVERYTHING, q: wanted.q } }), [wanted.q]);
    const whole = { from: range.from ?? new Date(0), to: range.to ?? new Date() };
    return (
        <>
            <Histogram
                session={session}
                utc={utc}
                range={whole}
                onRange={(from, to) => navigate(addressOf({ ...wanted, from: from.toISOString(), to: to.toISOString() }))}
            />
            <div className="results">
                <Matches filter={filter} range={range} utc={utc} />
                <aside aria-label="What is in it">
                    <Facet name="source" filter={filter} range={range} wanted={wanted} />
                    <Facet name="level" filter={filter} range={range} wanted={wanted} />
                    <Patterns filter={filter} range={range} id={key} />
                </aside>
            </div>
        </>
    );
}

function Matches({ filter, range, utc }: { filter: LogFilter; range: Range; utc: boolean }): ReactNode {
    const [older, setOlder] = useState<LogMessage[]>([]);
    const [pages, setPages] = useState(1);
    const [ended, setEnded] = useState(false);
    const first = useAnswer(JSON.stringify([filter, range]), (signal) =>
        service.search({ ...filter, ...range, limit: PAGE, count: "capped", group: true, signal }),
    );
    const page = first.data;
    const logs = page ? [...page.logs, ...older] : [];
    const more = async (): Promise<void> => {
        const { pagination } = page as NonNullable<typeof page>;
        const { cursor } = pagination;
        const offset = pages * PAGE; // of lines that match; those of their traces come besides
        const next = await service.search({ ...filter, ...range, limit: PAGE, offset, cursor, count: "none", group: true });
        setUnread([...unread, ...(next.unread_at ?? [])]);
        const known = new Set(logs.map(({ id }) => id)); // a trace may have hits on both pages
        setOlder([...older, ...next.logs.filter(({ id }) => !known.has(id))]);
        setPages(pages + 1);
        setEnded(next.logs.length === 0);
    };
    const { total } = page?.pagination ?? { total: 0 };
    const marks = useMemo(() => marksOf({ ...EVERYTHING, q: filter.q ?? "" }), [filter.q]);
    const atLeast = page?.pagination.at_least === true;
    const [unread, setUnread] = useState<UnreadPlace[]>([]);
    return (
        <div className="matches">
            {first.error !== "" && <p className="problem">{first.error}</p>}
            {page && (
                <p className="foundhead hint">
                    <span data-testid="search-total">
                        {total === 0 ? "No line matches." : `${count(total ?? 0)}${atLeast ? "+" : ""} matching lines`}
                    </span>
                    {total !== 0 && (
                        <>
                            <a href={service.exportUrl({ ...filter, ...range, format: "text" })}>Text</a>
                            <a href={service.exportUrl({ ...filter, ...range, format: "ndjson" })}>NDJSON</a>
                            <a href={service.exportUrl({ ...filter, ...range, format: "csv" })}>CSV</a>
                        </>
                    )}
                </p>
            )}
            <UnreadNote answer={page}>The list says where.</UnreadNote>
            <Found logs={logs} unread={[...(page?.unread_at ?? []), ...unread]} marks={marks} utc={utc} />
            {!ended && (atLeast || pages * PAGE < (total ?? 0)) && (
                <button type="button" data-testid="search-more" onClick={() => void more()}>
                    Older matches
                </button>
            )}
        </div>
    );
}

interface FacetProps {
    name: string;
    filter: LogFilter;
    range: Range;
    wanted: Wanted;
}

function Facet({ name, filter, range, wanted }: FacetProps): ReactNode {
    const key = JSON.stringify([name, filter, range]);
    const { data } = useAnswer(key, (signal) => service.facets(name, { ...filter, ...range, limit: 8, signal }));
    if (!data || data.values.length === 0) return null;
    return (
        <div className="facet">
            <h2>{name}</h2>
            <ul>
                {data.values.map(({ value, count: n }) => (
                    <li key={value}>
                        <a href={addressOf({ ...wanted, q: `${wanted.q} ${name}:${JSON.stringify(value)}`.trim() })} onClick={follow}>
                            {value}
                        </a>
                        <span className="num">{count(n)}</span>
                    </li>
                ))}
            </ul>
        </div>
    );
}

function Patterns({ filter, range, id }: { filter: LogFilter; range: Range; id: string }): ReactNode {
    const { data } = useAnswer(id, (signal) => service.patterns({ ...filter, ...range, limit: 8, signal }));
    if (!data || data.patterns.length === 0) return null;
    return (
        <div className="facet">
            <h2>Most frequent messages</h2>
            <ul>
                {data.patterns.map(({ pattern, count: n, last_id }) => (
                    <li key={pattern}>
                        <a href={href(`/logs?at=${last_id}`)} onClick={follow} title={pattern}>
                            {pattern}
                        </a>
                        <span className="num">{count(n)}</span>
                    </li>
                ))}
            </ul>
        </div>
    );
}

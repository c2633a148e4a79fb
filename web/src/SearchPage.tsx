// SPDX-License-Identifier: MIT
//
// Search over everything that is stored: a filter and a range of time, with lines over time, the most
// frequent sources and shapes of messages, and the matches, newest first. The address holds it all.

import { useEffect, useMemo, useState, type FormEvent, type ReactNode } from "react";
import { filterError, type LogFilter, type LogMessage, type UnreadPlace } from "@logmill/client";
import {
    count,
    EVERYTHING,
    Histogram,
    marksOf,
    plural,
    Problem,
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

export function SearchPage({ prefs }: PageProps): ReactNode {
    const { query } = useAddress();
    const [turn, setTurn] = useState(0);
    const wanted = useMemo(() => wantedOf(query), [query]);
    const { range, mistake } = useMemo(() => understood(wanted, prefs.utc), [wanted, prefs.utc, turn]);
    const search = (words: Wanted): void => {
        navigate(addressOf(words));
        setTurn(turn + 1); // the same words again: what came since is found, and a hub that was away is asked
    };
    return (
        <section className="searchpage" aria-label="Search">
            <h1 className="sr-only">Search</h1>
            <SearchForm wanted={wanted} mistake={mistake} onSearch={search} />
            {range && <Results key={`${turn} ${query}`} wanted={wanted} range={range} utc={prefs.utc} />}
        </section>
    );
}

interface Range {
    from?: Date;
    to?: Date;
}

interface Understood {
    /** Null when there is a mistake. */
    range: Range | null;
    mistake: string;
}

/** What the words mean, or what is wrong with them. */
function understood({ q, from, to }: Wanted, utc: boolean): Understood {
    const now = new Date();
    const start = from === "" ? undefined : timeFromWords(from, now, utc);
    const end = to === "" ? undefined : timeFromWords(to, now, utc);
    const wrong = (mistake: string): Understood => ({ range: null, mistake });
    const inFilter = filterError(q);
    if (inFilter) return wrong(inFilter.message);
    if (start === null || end === null)
        return wrong("a time was not understood: try 5m ago, yesterday 17:30, or 2026-01-15");
    if (start && start >= (end ?? now)) return wrong("this time ends before it begins");
    return { range: { ...(start && { from: start }), ...(end && { to: end }) }, mistake: "" };
}

interface SearchFormProps {
    wanted: Wanted;
    mistake: string;
    onSearch(words: Wanted): void;
}

function SearchForm({ wanted, mistake, onSearch }: SearchFormProps): ReactNode {
    const [words, setWords] = useState(wanted);
    useEffect(() => setWords(wanted), [wanted]);
    const search = (event: FormEvent): void => {
        event.preventDefault();
        onSearch(words);
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
                <Matches filter={filter} range={range} utc={utc} anytime={addressOf({ ...wanted, from: "", to: "" })} />
                <aside aria-label="What is in it">
                    <Facet name="source" filter={filter} range={range} wanted={wanted} />
                    <Facet name="level" filter={filter} range={range} wanted={wanted} />
                    <Patterns filter={filter} range={range} id={key} />
                </aside>
            </div>
        </>
    );
}

interface MatchesProps {
    filter: LogFilter;
    range: Range;
    utc: boolean;
    /** The address of the same search over everything. */
    anytime: string;
}

function Matches({ filter, range, utc, anytime }: MatchesProps): ReactNode {
    const [older, setOlder] = useState<LogMessage[]>([]);
    const [pages, setPages] = useState(1);
    const [ended, setEnded] = useState(false);
    const [trouble, setTrouble] = useState("");
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
            <Problem text={first.error} />
            {page && (
                <p className="foundhead hint">
                    <span data-testid="search-total">
                        {total === 0 ? "No line matches." : atLeast ? `${count(total ?? 0)}+ matching lines` : plural(total ?? 0, "matching line")}
                    </span>
                    {total === 0 && (range.from || range.to) && (
                        <a href={anytime} onClick={follow}>
                            Search all times
                        </a>
                    )}
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
            <Problem text={trouble} />
            {!ended && (atLeast || pages * PAGE < (total ?? 0)) && (
                <button type="button" data-testid="search-more" onClick={() => more().then(() => setTrouble(""), (error: Error) => setTrouble(error.message))}>
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

// SPDX-License-Identifier: MIT
//
// Where else to look: saved views, job runs, sources, found by a few letters of their name; and saving
// the present view.

import { useEffect, useState, type ChangeEvent, type FormEvent, type KeyboardEvent, type ReactNode } from "react";
import { EVERYTHING, filterToParams, mutedSources, termFor, withMuted } from "./filter.js";
import { compact } from "./format.js";
import { MuteIcon, PinIcon, TrashIcon } from "./icons.js";
import { safeText } from "./layout.js";
import { saveBlob } from "./save.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";
import { Sheet } from "./Sheet.js";
import { fuzzy, viewsFromText, viewsToText, withViews, type View } from "./views.js";

export interface ViewsProps {
    views: readonly View[];
    onViews(views: readonly View[]): void;
    /** The query of the present address, and going to another. */
    query: string;
    onQuery(query: string): void;
}

interface ViewsSheetProps extends ViewsProps {
    session: Session;
    open: boolean;
    onClose(): void;
}

export function ViewsSheet(props: ViewsSheetProps): ReactNode {
    return (
        <Sheet title="Switch to" kind="views" open={props.open} onClose={props.onClose}>
            <Switcher {...props} />
        </Sheet>
    );
}

interface Target {
    kind: "view" | "job run" | "source" | "";
    name: string;
    query: string;
    note: string;
    view?: View;
}

const ALL: Target = { kind: "", name: "All lines", query: "", note: "" };
const MOST = 100;
const SHOWN = 60;

function useTargets({ session, views }: ViewsSheetProps): Target[] {
    const [found, setFound] = useState<Target[]>([]);
    useEffect(() => {
        const stop = new AbortController();
        const ask = async (key: string, kind: "job run" | "source"): Promise<Target[]> => {
            const from = new Date(Date.now() - 7 * 86_400_000);
            const { values } = await session.service.facets(key, { from, limit: MOST, signal: stop.signal });
            return values.map(({ value, count }) => {
                const filter =
                    kind === "source" ? { ...EVERYTHING, q: termFor("source", value, false) } : { ...EVERYTHING, job: value };
                return { kind, name: value, note: compact(count), query: filterToParams(filter).toString() };
            });
        };
        Promise.all([ask("job_run_id", "job run"), ask("source", "source")]).then(
            (lists) => setFound(lists.flat()),
            () => undefined, // the views are there all the same
        );
        return () => stop.abort();
    }, [session]);
    const own = views.map((view): Target => ({ kind: "view", name: view.name, query: view.query, note: "", view }));
    return [ALL, ...own, ...found];
}

function best(targets: readonly Target[], word: string): Target[] {
    const rated = targets.flatMap((target) => {
        const rate = fuzzy(target.name, word);
        return rate === null ? [] : [{ target, rate }];
    });
    if (word.trim() !== "") rated.sort((a, b) => a.rate - b.rate);
    return rated.slice(0, SHOWN).map(({ target }) => target);
}

function Switcher(props: ViewsSheetProps): ReactNode {
    const [word, setWord] = useState("");
    const [chosen, setChosen] = useState(0);
    const shown = best(useTargets(props), word);
    const go = (target: Target | undefined): void => {
        if (!target) return;
        props.onQuery(target.query);
        props.onClose();
    };
    const pressed = (event: KeyboardEvent): void => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) setChosen((chosen + step + shown.length) % Math.max(1, shown.length));
        else if (event.key === "Enter") go(shown[chosen]);
        else return;
        event.preventDefault();
    };
    return (
        <>
            <input
                type="text"
                className="find"
                autoFocus
                role="combobox"
                aria-label="A view, a job run, a source"
                aria-expanded="true"
                aria-haspopup="grid"
                aria-controls="lm-targets"
                aria-activedescendant={`lm-target-${chosen}`}
                placeholder="A view, a job run, a source"
                data-testid="switch"
                value={word}
                spellCheck={false}
                autoComplete="off"
                onChange={(event) => {
                    setWord(event.target.value);
                    setChosen(0);
                }}
                onKeyDown={pressed}
            />
            <div className="targets" id="lm-targets" role="grid" aria-label="Views, job runs, sources" data-testid="targets">
                {shown.map((target, i) => (
                    <TargetItem
                        key={`${target.kind} ${target.name}`}
                        {...props}
                        id={`lm-target-${i}`}
                        target={target}
                        chosen={i === chosen}
                        go={go}
                    />
                ))}
            </div>
            {shown.length === 0 && <p>Nothing is called so.</p>}
            <Keeper {...props} />
        </>
    );
}

interface TargetItemProps extends ViewsProps {
    session: Session;
    id: string;
    target: Target;
    chosen: boolean;
    go(target: Target): void;
}

function TargetItem({ session, id, target, chosen, go, views, onViews }: TargetItemProps): ReactNode {
    const { view } = target;
    const pin = (): void => onViews(views.map((one) => (one === view ? { ...one, pinned: !one.pinned } : one)));
    return (
        <div id={id} role="row" aria-selected={chosen} ref={(item) => chosen && item?.scrollIntoView({ block: "nearest" })}>
            <span role="gridcell">
                <button type="button" className="target" tabIndex={-1} onClick={() => go(target)}>
                    <span className="kind">{target.kind}</span>
                    <span className="name">{safeText(target.name)}</span>
                    <span className="n">{target.note}</span>
                </button>
            </span>
            {target.kind === "source" && (
                <span role="gridcell">
                    <Mute session={session} source={target.name} />
                </span>
            )}
            {view && (
                <span role="gridcell">
                    <button type="button" aria-pressed={view.pinned} title={view.pinned ? "Unpin" : "Pin below the filter"} onClick={pin}>
                        <PinIcon />
                    </button>
                    <button type="button" title="Delete this view" onClick={() => onViews(views.filter((one) => one !== view))}>
                        <TrashIcon />
                    </button>
                </span>
            )}
        </div>
    );
}

function Mute({ session, source }: { session: Session; source: string }): ReactNode {
    useSignal(session.state);
    const { filter } = session.model;
    const isMuted = mutedSources(filter.q).includes(source);
    return (
        <button
            type="button"
            aria-pressed={isMuted}
            aria-label={`Mute ${source}`}
            title={isMuted ? "Show its lines again" : "Leave its lines out"}
            data-testid={`mute-${source}`}
            onClick={() => session.setFilter({ ...filter, q: withMuted(filter.q, source) })}
        >
            <MuteIcon />
        </button>
    );
}

/** Saves the present view; takes and gives files of views. */
function Keeper({ views, onViews, query }: ViewsProps): ReactNode {
    const [name, setName] = useState("");
    const [trouble, setTrouble] = useState("");
    const save = (event: FormEvent): void => {
        event.preventDefault();
        if (name.trim() === "") return;
        onViews(withViews(views, [{ name: name.trim(), query, pinned: false }]));
        setName("");
    };
    const take = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
        const file = event.target.files?.[0];
        const more = file ? viewsFromText(await file.text()) : null;
        setTrouble(more ? "" : "This is not a file of views.");
        if (more) onViews(withViews(views, more));
    };
    return (
        <form className="keeper" onSubmit={save}>
            <input
                type="text"
                aria-label="Name for the present view"
                placeholder="Save the present view as …"
                data-testid="view-name"
                value={name}
                onChange={(event) => setName(event.target.value)}
            />
            <button type="submit" className="main" disabled={name.trim() === ""} data-testid="view-save">
                Save
            </button>
            <span className="files">
                <button type="button" disabled={views.length === 0} onClick={() => saveBlob(new Blob([viewsToText(views)]), "logmill-views.json")}>
                    Export views
                </button>
                <label className="button" title="Adds the views of a file">
                    Import views
                    <input type="file" className="sr-only" accept=".json" onChange={(event) => void take(event)} />
                </label>
            </span>
            {trouble !== "" && (
                <span className="problem" role="alert">
                    {trouble}
                </span>
            )}
        </form>
    );
}

/** Pinned views: one click away. */
export function Pinned({ views, query, onQuery }: ViewsProps): ReactNode {
    const pinned = views.filter((view) => view.pinned);
    if (pinned.length === 0) return null;
    return (
        <nav className="pinned" aria-label="Pinned views" data-testid="pinned">
            {pinned.map((view) => (
                <button
                    key={view.name}
                    type="button"
                    aria-pressed={view.query === query}
                    onClick={() => onQuery(view.query)}
                >
                    {view.name}
                </button>
            ))}
        </nav>
    );
}

// SPDX-License-Identifier: MIT
//
// What is looked at: a filter, a job run, a level; and whether the list follows.

import { useCallback, type ReactNode, type RefObject } from "react";
import type { Filter } from "./filter.js";
import { FilterBar } from "./FilterBar.js";
import { compact } from "./format.js";
import {
    BookmarkIcon,
    ClearIcon,
    CloseIcon,
    ClockIcon,
    ColumnsIcon,
    DownloadIcon,
    FollowIcon,
    HelpIcon,
    JobIcon,
    PauseIcon,
    SplitIcon,
    ViewsIcon,
} from "./icons.js";
import type { SheetName } from "./keys.js";
import { LEVELS } from "./record.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";

interface ToolbarProps {
    session: Session;
    searchInput: RefObject<HTMLInputElement>;
    jobInput: RefObject<HTMLInputElement>;
    /** False where the host page has chosen the job run. */
    withJob?: boolean;
    withViews?: boolean;
    onShow(sheet: SheetName): void;
    onSplit: (() => void) | undefined;
    /** The words of the filter only mark lines from now on. */
    onLift(): void;
}

export function Toolbar(props: ToolbarProps): ReactNode {
    const { session, searchInput, jobInput, withJob = true, withViews = false, onShow, onSplit, onLift } = props;
    useSignal(session.state);
    const { model } = session;
    const { filter, pause, cleared } = model;
    const seen = useCallback(() => session.memory.recall(model.loaded), [session, model]);
    const change = (part: Partial<Filter>): void => session.setFilter({ ...filter, ...part }, "typed");
    return (
        <div className="bar filters" role="search" aria-label="Filter">
            <FilterBar
                input={searchInput}
                value={filter.q}
                error={session.filterError}
                seen={seen}
                onChange={(q) => change({ q })}
                onLift={onLift}
            />
            {withJob && (
                <JobField input={jobInput} value={filter.job} onChange={(job) => change({ job: job.trim() })} />
            )}
            <LevelPills session={session} />
            <span className="space" />
            {cleared && (
                <button
                    type="button"
                    className="undo"
                    title="Show the cleared lines again (U)"
                    data-testid="undo-clear"
                    onClick={() => session.undoClear()}
                >
                    Undo
                </button>
            )}
            <div className="tools">
                {withViews && (
                    <Tool name="views" title="Switch to a view, job run, source (v)" icon={<ViewsIcon />} onShow={onShow} />
                )}
                <Tool name="bookmarks" title="Bookmarks (a)" icon={<BookmarkIcon />} onShow={onShow} />
                <Tool name="seek" title="Go to a time (t)" icon={<ClockIcon />} onShow={onShow} />
                <Tool name="columns" title="Columns (x)" icon={<ColumnsIcon />} onShow={onShow} />
                {onSplit && (
                    <button type="button" title="A second list beside this one, or one again (|)" aria-label="Split" data-testid="split" onClick={onSplit}>
                        <SplitIcon />
                    </button>
                )}
                <Tool name="download" title="Download (D)" icon={<DownloadIcon />} onShow={onShow} />
                <button
                    type="button"
                    title="Clear the view; the hub keeps its lines (C)"
                    aria-label="Clear the view"
                    data-testid="clear"
                    onClick={() => session.clear()}
                >
                    <ClearIcon />
                </button>
                <Tool name="help" title="Keys (?)" icon={<HelpIcon />} onShow={onShow} />
            </div>
            <button
                type="button"
                className="follow"
                aria-pressed={!pause}
                title="Follow the newest lines (Space)"
                data-testid="follow"
                onClick={() => (pause ? session.follow() : session.pause())}
            >
                {pause ? <FollowIcon /> : <PauseIcon />}
                {pause ? "Follow" : "Pause"}
            </button>
        </div>
    );
}

interface JobFieldProps {
    input: RefObject<HTMLInputElement>;
    value: string;
    onChange(value: string): void;
}

interface ToolProps {
    name: SheetName;
    title: string;
    icon: ReactNode;
    onShow(sheet: SheetName): void;
}

function Tool({ name, title, icon, onShow }: ToolProps): ReactNode {
    return (
        <button type="button" title={title} aria-label={title} data-testid={name} onClick={() => onShow(name)}>
            {icon}
        </button>
    );
}

function JobField({ input, value, onChange }: JobFieldProps): ReactNode {
    return (
        <div className={`field job${value === "" ? "" : " set"}`}>
            <JobIcon />
            <input
                ref={input}
                type="text"
                aria-label="All job runs"
                placeholder="All job runs"
                title="Only the job run with this id (f)"
                data-testid="job"
                value={value}
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="off"
                onChange={(event) => onChange(event.target.value)}
            />
            {value !== "" && (
                <button type="button" aria-label="All job runs again" onClick={() => onChange("")}>
                    <CloseIcon />
                </button>
            )}
        </div>
    );
}

/** One press: this level and above. The numbers are those of the rows that are loaded. */
function LevelPills({ session }: { session: Session }): ReactNode {
    useSignal(session.stats);
    const { filter } = session.model;
    const counts = session.model.levelCounts;
    const least = LEVELS.indexOf(filter.level);
    return (
        <div className="levels" role="group" aria-label="Lowest level shown">
            {LEVELS.map((level, i) => (
                <button
                    key={level}
                    type="button"
                    className={`pill l-${level}${i >= least ? " lit" : ""}`}
                    aria-pressed={i === least}
                    title={i === 0 ? "All levels" : `${level} and above`}
                    data-testid={`level-${level}`}
                    onClick={() => session.setFilter({ ...filter, level: i === least ? "trace" : level })}
                >
                    {level}
                    <span className="n">{counts[i] ? compact(counts[i] as number) : ""}</span>
                </button>
            ))}
        </div>
    );
}

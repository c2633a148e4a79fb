// SPDX-License-Identifier: MIT
//
// What is looked at: text, job run, level; and whether the list follows.

import type { ReactNode, RefObject } from "react";
import type { Filter } from "./filter";
import { ClearIcon, CloseIcon, FollowIcon, JobIcon, PauseIcon, SearchIcon } from "./icons";
import { LEVELS } from "./record";
import type { Session } from "./session";
import { useSignal } from "./signal";

interface FieldProps {
    input: RefObject<HTMLInputElement>;
    icon: ReactNode;
    label: string;
    hint: string;
    testid: string;
    value: string;
    onChange(value: string): void;
}

function Field({ input, icon, label, hint, testid, value, onChange }: FieldProps): ReactNode {
    return (
        <div className={`field ${testid}${value === "" ? "" : " set"}`}>
            {icon}
            <input
                ref={input}
                type="text"
                aria-label={label}
                placeholder={label}
                title={hint}
                data-testid={testid}
                value={value}
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="off"
                onChange={(event) => onChange(event.target.value)}
            />
            {value !== "" && (
                <button type="button" aria-label={`Remove: ${label}`} onClick={() => onChange("")}>
                    <CloseIcon />
                </button>
            )}
        </div>
    );
}

interface ToolbarProps {
    session: Session;
    searchInput: RefObject<HTMLInputElement>;
    jobInput: RefObject<HTMLInputElement>;
}

export function Toolbar({ session, searchInput, jobInput }: ToolbarProps): ReactNode {
    useSignal(session.state);
    const { filter, pause, cleared } = session.model;
    const change = (part: Partial<Filter>): void => session.setFilter({ ...filter, ...part });
    const least = LEVELS.indexOf(filter.level);
    return (
        <div className="bar filters" role="search" aria-label="Filter">
            <Field
                input={searchInput}
                icon={<SearchIcon />}
                label="Search text"
                hint="Lines that contain this text (/)"
                testid="search"
                value={filter.search}
                onChange={(search) => change({ search })}
            />
            <Field
                input={jobInput}
                icon={<JobIcon />}
                label="All job runs"
                hint="Only the job run with this id (f)"
                testid="job"
                value={filter.job}
                onChange={(job) => change({ job: job.trim() })}
            />
            <div className="levels" role="group" aria-label="Lowest level shown">
                {LEVELS.map((level, i) => (
                    <button
                        key={level}
                        type="button"
                        className={`pill l-${level}${i >= least ? " lit" : ""}`}
                        aria-pressed={i === least}
                        title={i === 0 ? "All levels" : `${level} and above`}
                        data-testid={`level-${level}`}
                        onClick={() => change({ level: i === least ? "trace" : level })}
                    >
                        {level}
                    </button>
                ))}
            </div>
            <span className="space" />
            {cleared && (
                <button
                    type="button"
                    title="Show the cleared lines again"
                    data-testid="undo-clear"
                    onClick={() => session.undoClear()}
                >
                    Undo
                </button>
            )}
            <button
                type="button"
                title="Clear the view; the hub keeps its lines"
                data-testid="clear"
                onClick={() => session.clear()}
            >
                <ClearIcon />
                <span className="word">Clear</span>
            </button>
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

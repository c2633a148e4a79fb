// SPDX-License-Identifier: MIT
//
// The job runs of a time span, with their lines and errors; one click leads into a run.

import { useState, type ReactNode } from "react";
import type { LevelCounts, Unread } from "@logmill/client";
import { count, dayAndClock, duration, Problem, useAnswer } from "@logmill/react/page";
import type { PageProps } from "./App";
import { follow, href } from "./router";
import { service } from "./service";
import { Spans, spanOf, type Span } from "./Spans";
import { UnreadNote } from "./UnreadNote";

const MOST = 200;

interface JobRun {
    job_run_id: string;
    count: number;
    levels: LevelCounts;
    first: string;
    last: string;
    state: "running" | "exited" | "disconnected" | "unknown";
    exit?: { code?: number | null; signal?: string | null };
}

interface JobRuns extends Unread {
    job_runs: JobRun[];
}

/** Its state, and how it ended when that was not well. */
function inWords({ state, exit }: JobRun): string {
    if (state === "unknown") return "";
    if (state !== "disconnected" || !exit) return state;
    return exit.signal ? `ended by ${exit.signal}` : `ended with code ${exit.code ?? "?"}`;
}

export function JobsPage({ prefs }: PageProps): ReactNode {
    const [span, setSpan] = useState<Span>("24h");
    const { data, error } = useAnswer(
        span,
        (signal) => {
            const { from } = spanOf(span);
            return service.ask<JobRuns>("/api/v1/job-runs", { from: from?.toISOString(), limit: MOST }, { signal });
        },
        5000,
    );
    return (
        <section className="sheetpage" aria-label="Job runs" tabIndex={0}>
            <div className="bar">
                <h1>Job runs</h1>
                <Spans span={span} onChange={setSpan} />
            </div>
            <Problem text={error} />
            <UnreadNote answer={data} />
            {data && data.job_runs.length === 0 && <p className="hint">
                    No job runs in this time. <code>logmill run --job 42 -- make</code> makes one, and so do records with a{" "}
                    <code>job_run_id</code>.
                </p>}
            {data && data.job_runs.length > 0 && (
                <table data-testid="jobs">
                    <thead>
                        <tr>
                            <th>Job run</th>
                            <th>State</th>
                            <th className="num">Lines</th>
                            <th className="num">Warnings</th>
                            <th className="num">Errors</th>
                            <th>First line</th>
                            <th>Last line</th>
                            <th className="num">Duration</th>
                        </tr>
                    </thead>
                    <tbody>
                        {data.job_runs.map((job) => (
                            <tr key={job.job_run_id}>
                                <td>
                                    <a href={href(`/logs?job_run_id=${encodeURIComponent(job.job_run_id)}`)} onClick={follow}>
                                        {job.job_run_id}
                                    </a>
                                </td>
                                <td className={`s-${job.state}`}>
                                    <span className="state">{inWords(job)}</span>
                                </td>
                                <td className="num">{count(job.count)}</td>
                                <td className="num warn">{some(job.levels.warn)}</td>
                                <td className="num error">
                                    {errorLink(job.job_run_id, (job.levels.error ?? 0) + (job.levels.fatal ?? 0))}
                                </td>
                                <td>{dayAndClock(Date.parse(job.first), prefs.utc, true)}</td>
                                <td>{dayAndClock(Date.parse(job.last), prefs.utc, true)}</td>
                                <td className="num">{duration(Date.parse(job.last) - Date.parse(job.first))}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
        </section>
    );
}

function some(n: number | undefined): string {
    return n ? count(n) : "";
}

function errorLink(job: string, n: number): ReactNode {
    if (n === 0) return "";
    return (
        <a href={href(`/logs?job_run_id=${encodeURIComponent(job)}&level=error`)} onClick={follow}>
            {count(n)}
        </a>
    );
}

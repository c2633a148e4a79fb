// SPDX-License-Identifier: MIT
//
// One card: how a process does, how it ended last and with which words, its newest lines.

import { memo, useEffect, useRef, useState, type MouseEvent, type ReactNode } from "react";
import type { LogMessage, LogStreamData, LogStreamingService, ProcessStatus } from "@logmill/client";
import { copyText } from "./clipboard.js";
import type { Theme } from "./colour.js";
import { bytes, clock, count, duration, plural } from "./format.js";
import { safeText } from "./layout.js";
import type { Process, ProcessView } from "./processes.js";
import { useSignal } from "./signal.js";
import { Spark } from "./Spark.js";
import { useAnswer } from "./useAnswer.js";
import { useTheme } from "./useTheme.js";
import { Problem } from "./Words.js";

const ICONS: Record<string, string> = {
    running: "●",
    starting: "◔",
    stopping: "◑",
    exited: "○",
    disconnected: "⚠",
    waiting: "◷",
    failed: "✕",
};

export interface ProcessCardProps {
    /** One of useProcesses(). */
    process: Process;
    /** Times in UTC. Default: as the browser is set. */
    utc?: boolean;
    theme?: "auto" | Theme;
    /** Links lead to the hub's own page; this sees a click on one first. */
    onLink?: (event: MouseEvent<HTMLAnchorElement>) => void;
}

export const ProcessCard = memo(function ProcessCard({ process, utc = false, theme = "auto", onLink }: ProcessCardProps): ReactNode {
    useSignal(process.changed);
    const { name, view } = process;
    const { status } = view;
    const shade = useTheme(theme);
    const [trouble, setTrouble] = useState("");
    const act = (action: "start" | "stop" | "restart"): void => {
        process[action]().then(
            () => setTrouble(""),
            (error: Error) => setTrouble(error.message),
        );
    };
    const runs = status.state === "running" || status.state === "starting";
    return (
        <article className={`lm card s-${status.state}`} data-theme={shade} data-testid={`card-${name}`} data-state={status.state} aria-label={name}>
            <header>
                <h2>{name}</h2>
                {runs && (
                    <button type="button" data-testid={`stop-${name}`} onClick={() => act("stop")}>
                        Stop
                    </button>
                )}
                {status.configured !== false && (
                    <button type="button" data-testid={`restart-${name}`} onClick={() => act(runs ? "restart" : "start")}>
                        {runs ? "Restart" : "Start"}
                    </button>
                )}
            </header>
            <Facts status={status} runs={runs}>
                {status.exit && <LastExit process={process} exit={status.exit} onLink={onLink} />}
            </Facts>
            <Sparks view={view} runs={runs} />
            <CardLines process={process} utc={utc} onLink={onLink} />
            <Problem text={trouble} />
        </article>
    );
});

function Facts({ status, runs, children }: { status: ProcessStatus; runs: boolean; children: ReactNode }): ReactNode {
    const notes = [
        runs && status.pid ? `PID ${status.pid}` : "",
        status.reason,
        runs && status.started_at ? `for ${duration(Date.now() - Date.parse(status.started_at))}` : "",
        status.restarts > 0 ? plural(status.restarts, "restart") : "",
        status.suppressed > 0 ? `${count(status.suppressed)} lines suppressed` : "",
    ];
    return (
        <dl>
            <div>
                <dt>Status</dt>
                <dd>
                    <span className="state">
                        {ICONS[status.state] ?? "?"} {status.state}
                    </span>
                    <span className="notes">{notes.filter(Boolean).join(" · ")}</span>
                </dd>
            </div>
            {status.log_file && (
                <div>
                    <dt>Log file</dt>
                    <dd>
                        <code>{status.log_file}</code>
                        <button type="button" onClick={() => void copyText(`tail -f ${status.log_file}`)} title="Copy tail -f …">
                            Copy
                        </button>
                    </dd>
                </div>
            )}
            {children}
        </dl>
    );
}

const LAST_WORDS = 3;

function howItEnded(exit: Record<string, unknown>): string {
    const { code, signal, core, oom } = exit;
    const how = typeof signal === "string" ? signal : `code ${String(code)}`;
    return [how, core === true && "core dumped", oom === true && "out of memory"].filter(Boolean).join(", ");
}

/** The lines before the record of its latest end. */
async function lastWords(service: LogStreamingService, processId: string, signal: AbortSignal): Promise<LogMessage[]> {
    const newest = async (q: string, limit: number): Promise<LogMessage[]> =>
        (await service.search({ processId, q, limit, count: "none", signal })).logs;
    const [end] = await newest("stream:system event:exit", 1);
    return end ? (await newest(`-stream:system id<${end.id}`, LAST_WORDS)).reverse() : [];
}

interface Linking {
    process: Process;
    onLink: ProcessCardProps["onLink"];
}

function LastExit({ process, exit, onLink }: Linking & { exit: Record<string, unknown> }): ReactNode {
    const { name, service } = process;
    const ended = typeof exit.ended_at === "string" ? exit.ended_at : "";
    const { data } = useAnswer(`${name} ${ended}`, (signal) => lastWords(service, name, signal));
    const clean = exit.code === 0 && typeof exit.signal !== "string";
    return (
        <div className="lastexit" data-testid={`exit-${name}`}>
            <dt>Last exit</dt>
            <dd>
                <span className={clean ? "" : "bad"}>{howItEnded(exit)}</span>
                <span className="notes">{ended && `${duration(Date.now() - Date.parse(ended))} ago`}</span>
                {data && data.length > 0 && (
                    <a
                        className="words"
                        href={service.url("/logs", { at: data.at(-1)?.id })}
                        onClick={onLink}
                        title="Its last words, among the other lines"
                    >
                        {data.map((log) => (
                            <span key={log.id}>{safeText(log.message)}</span>
                        ))}
                    </a>
                )}
            </dd>
        </div>
    );
}

function Sparks({ view, runs }: { view: ProcessView; runs: boolean }): ReactNode {
    const { rates, errors, cpu, memory } = view;
    const recent = errors.reduce((sum, n) => sum + n, 0);
    return (
        <div className="sparks">
            <Spark label="lines" value={`${count(rates.at(-1) ?? 0)}/s`} values={rates} bad={errors} />
            <Spark label="CPU" value={runs && cpu.length > 0 ? `${(cpu.at(-1) as number).toFixed(0)} %` : "–"} values={cpu} atLeast={100} />
            <Spark label="memory" value={runs && memory.length > 0 ? bytes(memory.at(-1) as number) : "–"} values={memory} />
            {recent > 0 && <span className="recent">{plural(recent, "error")} in a minute</span>}
        </div>
    );
}

const RANKS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;

function CardLines({ process, utc, onLink }: Linking & { utc: boolean }): ReactNode {
    const { name, view, service } = process;
    const [search, setSearch] = useState("");
    const [least, setLeast] = useState(0);
    const [paused, setPaused] = useState<readonly LogStreamData[] | null>(null);
    const box = useRef<HTMLDivElement>(null);
    const word = search.toLowerCase();
    const lines = (paused ?? view.lines).filter(
        (line) => RANKS.indexOf(line.level) >= least && line.message.toLowerCase().includes(word),
    );
    useEffect(() => {
        if (!paused && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    return (
        <>
            <div className="cardbar">
                <input
                    type="text"
                    aria-label={`Search in the lines of ${name}`}
                    placeholder="Search these lines"
                    value={search}
                    onChange={(event) => setSearch(event.target.value)}
                />
                <select aria-label={`Lowest level of ${name}`} value={least} onChange={(event) => setLeast(Number(event.target.value))}>
                    {RANKS.map((rank, i) => (
                        <option key={rank} value={i}>
                            {rank.toLowerCase()}
                        </option>
                    ))}
                </select>
                <button type="button" aria-pressed={paused !== null} onClick={() => setPaused(paused ? null : view.lines)}>
                    {paused ? "Follow" : "Pause"}
                </button>
                <a href={service.url("/logs", { process_id: name })} onClick={onLink}>
                    View all
                </a>
            </div>
            <div className="cardlines" ref={box} data-testid={`lines-${name}`} role="log" aria-live="off" tabIndex={0} aria-label={`Lines of ${name}`}>
                {lines.map((line) => (
                    <div key={line.id} className={`l-${line.level.toLowerCase().replace("warning", "warn")}`}>
                        <span className="time">{clock(line.timestamp * 1000, utc, true)}</span>{" "}
                        <span className="level">{line.level}:</span> <span className="message">{safeText(line.message)}</span>
                    </div>
                ))}
                {lines.length === 0 && <p className="hint">Lines that come from now on show here.</p>}
            </div>
        </>
    );
}

// SPDX-License-Identifier: MIT
//
// One card a process: state, PID, file, the newest lines, Restart. Lines come over the admin stream
// and begin with the page; the store keeps everything all the same.

import { memo, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { AdminStream, type LogStreamData, type ProcessStatus } from "@logmill/client";
import { bytes, clock, count, copyText, duration, safeText } from "@logmill/react/page";
import type { PageProps } from "./App";
import { ProcessBoard, type Card } from "./processes";
import { follow, href } from "./router";
import { HUB, service } from "./service";

function useBoard(): { board: ProcessBoard; error: string } {
    const board = useMemo(() => new ProcessBoard(), []);
    const [error, setError] = useState("");
    useEffect(() => {
        const stream = new AdminStream(HUB, {
            onLog: (log: LogStreamData) => board.log(log),
            onProcess: (status: ProcessStatus) => board.status(status),
            onState: (state) => setError("reason" in state ? state.reason : ""),
        });
        board.attach(stream);
        stream.connect();
        return () => {
            stream.disconnect();
            board.detach();
        };
    }, [board]);
    return { board, error };
}

export function ProcessesPage({ prefs }: PageProps): ReactNode {
    const { board, error } = useBoard();
    const cards = board.useCards();
    return (
        <section className="sheetpage" aria-label="Processes">
            <div className="bar">
                <h1>Processes</h1>
            </div>
            {error !== "" && <AccessHint error={error} />}
            {error === "" && cards.length === 0 && (
                <p className="hint">
                    No processes yet. Name some under <code>processes:</code>, or run one: <code>logmill run -- make</code>
                </p>
            )}
            <div className="cards" data-testid="cards">
                {cards.map((name) => (
                    <ProcessCard key={name} board={board} name={name} utc={prefs.utc} />
                ))}
            </div>
        </section>
    );
}

function AccessHint({ error }: { error: string }): ReactNode {
    return (
        <p className="problem" role="alert" data-testid="access">
            {error}. Processes may be seen and changed with the session that the address printed by{" "}
            <code>logmill serve</code> opens.
        </p>
    );
}

const ICONS: Record<string, string> = {
    running: "●",
    starting: "◔",
    stopping: "◑",
    exited: "○",
    disconnected: "⚠",
    waiting: "◷",
    failed: "✕",
};

const ProcessCard = memo(function ProcessCard({ board, name, utc }: { board: ProcessBoard; name: string; utc: boolean }): ReactNode {
    const card = board.useCard(name);
    const { status } = card;
    const [trouble, setTrouble] = useState("");
    const act = async (action: "start" | "stop" | "restart"): Promise<void> => {
        try {
            await service.ask(`/api/v1/processes/${encodeURIComponent(name)}/${action}`, {}, { method: "POST" });
            setTrouble("");
        } catch (error) {
            setTrouble((error as Error).message);
        }
    };
    const runs = status.state === "running" || status.state === "starting";
    return (
        <article className={`card s-${status.state}`} data-testid={`card-${name}`} data-state={status.state} aria-label={name}>
            <header>
                <h2>{name}</h2>
                {runs && (
                    <button type="button" onClick={() => void act("stop")}>
                        Stop
                    </button>
                )}
                {status.configured !== false && (
                    <button type="button" data-testid={`restart-${name}`} onClick={() => void act(runs ? "restart" : "start")}>
                        {runs ? "Restart" : "Start"}
                    </button>
                )}
            </header>
            <dl>
                <div>
                    <dt>Status</dt>
                    <dd>
                        <span className="state">
                            {ICONS[status.state] ?? "?"} {status.state}
                        </span>
                        {runs && status.pid ? ` (PID ${status.pid})` : ""}
                        {status.reason ? `: ${status.reason}` : ""}
                        {runs && status.started_at ? `, for ${duration(Date.now() - Date.parse(status.started_at))}` : ""}
                        {status.restarts > 0 ? `, ${count(status.restarts)} restarts` : ""}
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
            </dl>
            <Sparks card={card} />
            <CardLines card={card} name={name} utc={utc} />
            {trouble !== "" && <p className="problem">{trouble}</p>}
        </article>
    );
});

function Sparks({ card }: { card: Card }): ReactNode {
    const { rates, errors, status } = card;
    const most = Math.max(1, ...rates);
    const { rss_kb = null, cpu_ms = null } = status.metrics ?? {};
    return (
        <div className="sparks">
            <svg viewBox="0 0 120 24" preserveAspectRatio="none" aria-hidden="true">
                {rates.map((rate, i) => (
                    <rect
                        key={i}
                        className={(errors[i] ?? 0) > 0 ? "b-error" : "b-info"}
                        x={i * 2}
                        width={1.6}
                        y={24 - (24 * rate) / most}
                        height={(24 * rate) / most}
                    />
                ))}
            </svg>
            <span>{count(rates.at(-1) ?? 0)} lines/s</span>
            {rss_kb !== null && <span>{bytes(rss_kb * 1024)}</span>}
            {cpu_ms !== null && <span>{duration(cpu_ms)} CPU</span>}
            {status.suppressed > 0 && <span className="lost">{count(status.suppressed)} suppressed</span>}
        </div>
    );
}

function CardLines({ card, name, utc }: { card: Card; name: string; utc: boolean }): ReactNode {
    const [search, setSearch] = useState("");
    const [paused, setPaused] = useState<readonly LogStreamData[] | null>(null);
    const box = useRef<HTMLDivElement>(null);
    const lines = (paused ?? card.lines).filter((line) => line.message.toLowerCase().includes(search.toLowerCase()));
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
                <button type="button" aria-pressed={paused !== null} onClick={() => setPaused(paused ? null : card.lines)}>
                    {paused ? "Follow" : "Pause"}
                </button>
                <a href={href(`/logs?process_id=${encodeURIComponent(name)}`)} onClick={follow}>
                    View all
                </a>
            </div>
            <div className="cardlines" ref={box} data-testid={`lines-${name}`} role="log" aria-live="off" tabIndex={0}>
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

// SPDX-License-Identifier: MIT
//
// Matches as a plain list; each leads to its place among the other lines.

import type { ReactNode } from "react";
import type { LogMessage, UnreadPlace } from "@logmill/client";
import { dayAndClock, hueClass, markHits, parseAnsi, safeText, unreadInWords } from "@logmill/react/page";
import { follow, href } from "./router";

interface FoundProps {
    /** Newest first. */
    logs: readonly LogMessage[];
    unread: readonly UnreadPlace[];
    /** What they were found by. */
    marks: RegExp | null;
    utc: boolean;
}

export function Found({ logs, unread, marks, utc }: FoundProps): ReactNode {
    // One place may be said of several pages. It stands behind the first line that is older than its end.
    const places = new Map(unread.map((place) => [unreadInWords(place), place]));
    const saidBefore = (at: number): string[] =>
        [...places].filter(([, { last_id }]) => last_id < idAt(logs, at - 1) && last_id >= idAt(logs, at)).map(([words]) => words);
    return (
        <ol className="found" data-testid="found">
            {logs.map((log, i) => [...saidBefore(i).map((words) => <Lost key={words} words={words} />), <Match key={log.id} log={log} marks={marks} utc={utc} />])}
            {saidBefore(logs.length).map((words) => (
                <Lost key={words} words={words} />
            ))}
        </ol>
    );
}

/** Before the first line anything, behind the last one nothing. */
function idAt(logs: readonly LogMessage[], at: number): number {
    return at < 0 ? Infinity : (logs[at]?.id ?? 0);
}

function Lost({ words }: { words: string }): ReactNode {
    return (
        <li className="lost" data-testid="found-lost">
            {words}
        </li>
    );
}

/** A message with its hits marked, without its colours. */
function Marked({ text, marks }: { text: string; marks: RegExp | null }): ReactNode {
    return markHits(parseAnsi(text), marks).map((piece, i) =>
        piece.hit ? (
            <mark key={i} className="hit">
                {piece.text}
            </mark>
        ) : (
            piece.text
        ),
    );
}

function Match({ log, marks, utc }: { log: LogMessage; marks: RegExp | null; utc: boolean }): ReactNode {
    return (
        <li className={`l-${log.level}`} data-id={log.id}>
            <a href={href(`/logs?at=${log.id}`)} onClick={follow} title="Show it among the other lines">
                {dayAndClock(Date.parse(log.timestamp), utc)}
            </a>{" "}
            <span className="level">{log.level.toUpperCase().padEnd(5)}</span>{" "}
            <span className={`source ${hueClass(log.source ?? "")}`}>{safeText(log.source ?? "")}</span>{" "}
            <span className="message">
                <Marked text={log.message} marks={marks} />
            </span>
        </li>
    );
}

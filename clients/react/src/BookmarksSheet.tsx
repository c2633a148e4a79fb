// SPDX-License-Identifier: MIT
//
// All lines that the reader has marked, wherever they are in the history: to go there, to copy them, to save
// them.

import { useMemo, type ReactNode } from "react";
import { useAnswer } from "./useAnswer.js";
import { MOST } from "./bookmarks.js";
import { linesAsMarkdown, linesAsText } from "./copied.js";
import { dayAndClock, hueClass, plural } from "./format.js";
import { CloseIcon } from "./icons.js";
import { safeText } from "./layout.js";
import { LEVELS, rowOf, type Row } from "./record.js";
import { saveBlob } from "./save.js";
import type { Session } from "./session.js";
import { Sheet } from "./Sheet.js";
import { useSignal } from "./signal.js";
import { Problem } from "./Words.js";

interface BookmarksSheetProps {
    session: Session;
    utc: boolean;
    open: boolean;
    onClose(): void;
    /** Copies a text and says that it has. */
    onCopy(text: string, what: string): void;
    /** What it says. */
    note: string;
}

export function BookmarksSheet(props: BookmarksSheetProps): ReactNode {
    return (
        <Sheet title="Bookmarks" kind="bookmarks" open={props.open} onClose={props.onClose}>
            <Marked {...props} />
        </Sheet>
    );
}

function Marked({ session, utc, onClose, onCopy, note }: BookmarksSheetProps): ReactNode {
    const { bookmarks, service } = session;
    useSignal(bookmarks.changed);
    const ids = bookmarks.all;
    const asked = useMemo(() => ids.join(","), []); // eslint-disable-line react-hooks/exhaustive-deps -- those that go are left out below
    const { data, error } = useAnswer(asked, async (signal) =>
        asked === "" ? [] : (await service.search({ q: `id:${asked}`, order: "asc", limit: MOST, count: "none", signal })).logs,
    );
    const rows = (data ?? []).map(rowOf).filter(({ id }) => bookmarks.has(id));
    const go = (row: Row): void => {
        onClose();
        void session.seekId(row.id);
    };
    const missing = data ? ids.length - rows.length : 0;
    if (ids.length === 0)
        return (
            <>
                <p>
                    No line is marked. <kbd>m</kbd> marks the one that has the focus; <kbd>b</kbd> and <kbd>B</kbd> lead from
                    one to the next. Bookmarks stay in this browser.
                </p>
                <button type="button" onClick={onClose}>
                    Close
                </button>
            </>
        );
    return (
        <>
            <Problem text={error} />
            <ul className="targets marked" data-testid="marked">
                {rows.map((row) => (
                    <li key={row.id}>
                        <button type="button" className="target" title="Show it among the other lines" onClick={() => go(row)}>
                            <Line row={row} utc={utc} />
                        </button>
                        <button
                            type="button"
                            aria-label={`Remove the bookmark of line ${row.id}`}
                            title="Remove this bookmark"
                            onClick={() => bookmarks.toggle(row.id)}
                        >
                            <CloseIcon />
                        </button>
                    </li>
                ))}
            </ul>
            {missing > 0 && <p>{plural(missing, "marked line")} cannot be had: gone by age, cleared, or in a damaged file.</p>}
            <p className="said">{note}</p>
            <Ends rows={rows} utc={utc} onCopy={onCopy} onClear={() => bookmarks.clear()} onClose={onClose} />
        </>
    );
}

function Line({ row, utc }: { row: Row; utc: boolean }): ReactNode {
    return (
        <span className={`name l-${LEVELS[row.level]}`}>
            <span className="time">{dayAndClock(row.time, utc, true)}</span>{" "}
            <span className="level">{(LEVELS[row.level] ?? "info").toUpperCase()}</span>{" "}
            <span className={hueClass(row.source)}>{safeText(row.source)}</span> {safeText(row.message.slice(0, 300))}
        </span>
    );
}

interface EndsProps extends Pick<BookmarksSheetProps, "utc" | "onCopy" | "onClose"> {
    rows: readonly Row[];
    onClear(): void;
}

function Ends({ rows, utc, onCopy, onClear, onClose }: EndsProps): ReactNode {
    const what = plural(rows.length, "line");
    const save = (): void =>
        saveBlob(new Blob([linesAsMarkdown(rows, utc)], { type: "text/markdown" }), "logmill-bookmarks.md");
    return (
        <div className="ends">
            <button type="button" data-testid="marked-text" onClick={() => onCopy(linesAsText(rows, utc), what)}>
                Copy as text
            </button>
            <button type="button" data-testid="marked-markdown" onClick={() => onCopy(linesAsMarkdown(rows, utc), `${what} as Markdown`)}>
                Copy as Markdown
            </button>
            <button type="button" data-testid="marked-save" onClick={save}>
                Download
            </button>
            <button type="button" onClick={onClear}>
                Remove all
            </button>
            <button type="button" onClick={onClose}>
                Close
            </button>
        </div>
    );
}

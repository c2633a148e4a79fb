// SPDX-License-Identifier: MIT
//
// What the filter chooses, as a file. The hub makes it while the browser writes it, so its length
// does not matter.

import { useState, type MouseEvent, type ReactNode } from "react";
import type { LogFilter } from "@logmill/client";
import { Choice } from "./Choice.js";
import { toLogFilter } from "./filter.js";
import { plural } from "./format.js";
import { saveResponse } from "./save.js";
import type { Session } from "./session.js";
import { Sheet } from "./Sheet.js";
import { timeFromWords } from "./words_to_time.js";
import { Problem } from "./Words.js";

const FORMATS = [
    ["text", "Text"],
    ["ndjson", "NDJSON"],
    ["csv", "CSV"],
] as const;
type Format = (typeof FORMATS)[number][0];

const SPANS = [
    ["all", "Everything"],
    ["today", "Today"],
    ["yesterday", "Yesterday"],
    ["day", "A day"],
    ["view", "What is loaded"],
] as const;
type Span = (typeof SPANS)[number][0];

interface DownloadSheetProps {
    session: Session;
    utc: boolean;
    open: boolean;
    onClose(): void;
}

export function DownloadSheet(props: DownloadSheetProps): ReactNode {
    return (
        <Sheet title="Download" kind="download" open={props.open} onClose={props.onClose}>
            <DownloadForm {...props} />
        </Sheet>
    );
}

interface Range {
    from?: Date;
    to?: Date;
}

/** A day from its beginning to the next; null while it is not a day yet. */
function dayRange(words: string, utc: boolean, now = new Date()): Range | null {
    const from = timeFromWords(words, now, utc);
    if (!from || words === "") return null;
    const to = new Date(from);
    if (utc) to.setUTCDate(to.getUTCDate() + 1);
    else to.setDate(to.getDate() + 1);
    return { from, to };
}

function DownloadForm({ session, utc, onClose }: DownloadSheetProps): ReactNode {
    const [span, setSpan] = useState<Span>("all");
    const [day, setDay] = useState("");
    const [format, setFormat] = useState<Format>("text");
    const [packed, setPacked] = useState(false);
    const [trouble, setTrouble] = useState("");
    const { model, service } = session;
    const range = span === "all" || span === "view" ? {} : dayRange(span === "day" ? day : span, utc);
    const ids = span === "view" ? `id>=${model.firstKeptId()} id<=${model.lastKeptId()}` : "";
    const wanted: LogFilter = toLogFilter(model.filter, ids);
    const ask = { ...wanted, ...range, format, ...(packed && { compress: "gz" as const }) };
    const clicked = (event: MouseEvent): void => {
        if (!range) event.preventDefault();
        else if (!service.takesLinks) {
            event.preventDefault(); // a link would not reach the hub
            saveResponse(service.export(ask)).then(onClose, (error: Error) => setTrouble(error.message));
        } else setTimeout(onClose);
    };
    return (
        <>
            <p data-testid="download-what">{inWords(wanted)}</p>
            <Choice<Span> label="Which time" name="span" options={SPANS} value={span} onChange={setSpan} />
            {span === "day" && (
                <input
                    type="date"
                    aria-label="Day"
                    data-testid="download-day"
                    value={day}
                    onChange={(event) => setDay(event.target.value)}
                />
            )}
            {span === "view" && <p className="hint">{plural(model.loaded.length, "line")}</p>}
            <Choice<Format> label="Format" name="format" options={FORMATS} value={format} onChange={setFormat} />
            <label className="check">
                <input type="checkbox" checked={packed} onChange={(event) => setPacked(event.target.checked)} />
                compressed (gzip)
            </label>
            <Problem text={trouble} />
            <div className="ends">
                <a
                    className={`main${range ? "" : " off"}`}
                    href={service.exportUrl(ask)}
                    download=""
                    aria-disabled={!range}
                    data-testid="download-go"
                    onClick={clicked}
                >
                    Download
                </a>
                <button type="button" onClick={onClose}>
                    Close
                </button>
            </div>
        </>
    );
}

function inWords({ level, jobRunId, q, ...scope }: LogFilter): string {
    const parts = [
        jobRunId && `of job run ${jobRunId}`,
        ...Object.values(scope).map((value) => `of ${String(value)}`),
        level && `of level ${level} and above`,
        q && `that match ${q}`,
    ].filter(Boolean);
    return `All lines${parts.length > 0 ? ` ${parts.join(", ")}` : ""}.`;
}

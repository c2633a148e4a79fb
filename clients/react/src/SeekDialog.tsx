// SPDX-License-Identifier: MIT
//
// "Go to": a time in words, or the id of a line.

import { useState, type FormEvent, type ReactNode } from "react";
import { fullTime } from "./format.js";
import type { Session } from "./session.js";
import { Sheet } from "./Sheet.js";
import { timeFromWords } from "./words_to_time.js";

const IDEAS = ["5m ago", "1h ago", "today", "yesterday 17:30"];

interface SeekDialogProps {
    session: Session;
    open: boolean;
    utc: boolean;
    onClose(): void;
}

export function SeekDialog(props: SeekDialogProps): ReactNode {
    return (
        <Sheet title="Go to" kind="seek" open={props.open} onClose={props.onClose}>
            <SeekForm {...props} />
        </Sheet>
    );
}

function SeekForm({ session, utc, onClose }: SeekDialogProps): ReactNode {
    const [words, setWords] = useState("");
    const time = timeFromWords(words, new Date(), utc);
    const id = /^#(\d+)$/.exec(words.trim())?.[1];
    const go = (event: FormEvent): void => {
        event.preventDefault();
        if (id) void session.seekId(Number(id));
        else if (time) void session.seek(time);
        else return;
        onClose();
    };
    const meaning = id ? `line ${id}` : time ? fullTime(time.getTime()) : words === "" ? "" : "not understood yet";
    return (
        <form onSubmit={go}>
            <input
                type="text"
                autoFocus
                aria-label="A time, or # and the id of a line"
                placeholder="5m ago, yesterday 17:30, 2026-01-15 10:30, #4711"
                data-testid="seek-words"
                value={words}
                onChange={(event) => setWords(event.target.value)}
            />
            <p aria-live="polite" data-testid="seek-meaning">
                {meaning}
            </p>
            <div className="ideas">
                {IDEAS.map((idea) => (
                    <button key={idea} type="button" onClick={() => setWords(idea)}>
                        {idea}
                    </button>
                ))}
            </div>
            <button type="submit" className="main" disabled={!time && !id}>
                Go
            </button>
        </form>
    );
}

// SPDX-License-Identifier: MIT
//
// "Go to": a time in words, or the id of a line.

import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { fullTime } from "./format.js";
import type { Session } from "./session.js";
import { timeFromWords } from "./words_to_time.js";

const IDEAS = ["5m ago", "1h ago", "today", "yesterday 17:30"];

interface SeekDialogProps {
    session: Session;
    open: boolean;
    utc: boolean;
    onClose(): void;
}

export function SeekDialog({ session, open, utc, onClose }: SeekDialogProps): ReactNode {
    const dialog = useRef<HTMLDialogElement>(null);
    const [words, setWords] = useState("");
    useEffect(() => {
        if (open && !dialog.current?.open) dialog.current?.showModal();
        else if (!open) dialog.current?.close();
    }, [open]);
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
        <dialog
            ref={dialog}
            className="help seek"
            aria-label="Go to a time"
            onClose={onClose}
            onClick={(event) => event.target === dialog.current && onClose()}
        >
            <form className="sheet" onSubmit={go}>
                <h2>Go to</h2>
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
                <button type="submit" disabled={!time && !id}>
                    Go
                </button>
            </form>
        </dialog>
    );
}

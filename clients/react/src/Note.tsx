// SPDX-License-Identifier: MIT
import { useCallback, useEffect, useState, type ReactNode } from "react";

const SHOWN_MS = 2500;

/** A short word to the reader, and how to say another. It goes by itself. */
export function useNote(): [string, (text: string) => void] {
    const [note, setNote] = useState({ text: "" });
    useEffect(() => {
        if (note.text === "") return undefined;
        const timer = setTimeout(() => setNote({ text: "" }), SHOWN_MS);
        return () => clearTimeout(timer);
    }, [note]);
    const say = useCallback((text: string) => setNote({ text }), []);
    return [note.text, say];
}

export function Note({ note }: { note: string }): ReactNode {
    return (
        <div className="note" role="status" aria-live="polite" data-testid="note">
            {note}
        </div>
    );
}

// SPDX-License-Identifier: MIT
//
// What a request answered, asked again when `key` changes or `every` milliseconds have passed while
// the page is in sight. A page that was opened out of sight asks when it comes into sight.

import { useEffect, useState } from "react";

export interface Answer<T> {
    data: T | null;
    error: string;
    again(): void;
}

export function useAnswer<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, every = 0): Answer<T> {
    const [state, setState] = useState<{ data: T | null; error: string }>({ data: null, error: "" });
    const [turn, setTurn] = useState(0);
    useEffect(() => {
        const stop = new AbortController();
        let isDue = false;
        const load = async (): Promise<void> => {
            isDue = document.hidden;
            if (isDue) return;
            try {
                const data = await ask(stop.signal);
                if (!stop.signal.aborted) setState({ data, error: "" });
            } catch (error) {
                if (!stop.signal.aborted) setState((was) => ({ ...was, error: (error as Error).message }));
            }
        };
        const seen = (): void => {
            if (isDue) void load();
        };
        void load();
        document.addEventListener("visibilitychange", seen);
        const timer = every > 0 ? setInterval(() => void load(), every) : undefined;
        return () => {
            stop.abort();
            document.removeEventListener("visibilitychange", seen);
            clearInterval(timer);
        };
        // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` says what `ask` asks
    }, [key, turn, every]);
    return { ...state, again: () => setTurn((n) => n + 1) };
}

// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";

const SPANS = { "15m": 900, "1h": 3600, "24h": 86_400, "7d": 604_800, all: 0 } as const;
export type Span = keyof typeof SPANS;

/** From when on; no limit for "all". */
export function spanOf(span: Span): { from?: Date } {
    const seconds = SPANS[span];
    return seconds === 0 ? {} : { from: new Date(Date.now() - seconds * 1000) };
}

export function Spans({ span, onChange }: { span: Span; onChange(span: Span): void }): ReactNode {
    return (
        <div className="levels" role="group" aria-label="Time">
            {(Object.keys(SPANS) as Span[]).map((name) => (
                <button
                    key={name}
                    type="button"
                    className="pill"
                    aria-pressed={name === span}
                    data-testid={`span-${name}`}
                    onClick={() => onChange(name)}
                >
                    {name}
                </button>
            ))}
        </div>
    );
}

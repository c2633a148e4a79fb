// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";
import { SECONDS } from "./processes.js";

const WIDTH = 120;
const HEIGHT = 24;

interface SparkProps {
    label: string;
    value: string;
    values: readonly number[];
    /** Where this is above 0, the bar is an error's. */
    bad?: readonly number[];
    /** What the full height stands for at least. */
    atLeast?: number;
}

/** A figure and its last readings, at most SECONDS of them, the newest at the right. */
export function Spark({ label, value, values, bad, atLeast = 0 }: SparkProps): ReactNode {
    const most = Math.max(atLeast, 1e-9, ...values);
    const step = WIDTH / SECONDS;
    const start = SECONDS - values.length;
    return (
        <figure className="spark">
            <figcaption>
                {label} <strong>{value}</strong>
            </figcaption>
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
                {values.map((n, i) => {
                    const height = n > 0 ? Math.max(1, (n / most) * HEIGHT) : 0;
                    return (
                        <rect
                            key={i}
                            className={(bad?.[i] ?? 0) > 0 ? "bad" : undefined}
                            x={(start + i) * step}
                            width={step * 0.8}
                            y={HEIGHT - height}
                            height={height}
                        />
                    );
                })}
            </svg>
        </figure>
    );
}

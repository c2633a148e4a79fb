// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";

const WIDTH = 240;
const HEIGHT = 48;

interface PlotProps {
    label: string;
    values: readonly number[];
    show(value: number): string;
}

/** A figure and how it went over the last minutes. */
export function Plot({ label, values, show }: PlotProps): ReactNode {
    const most = Math.max(...values, 1e-9);
    const step = WIDTH / Math.max(1, values.length - 1);
    const y = (value: number): number => HEIGHT - 2 - (value / most) * (HEIGHT - 4);
    const line = values.map((value, i) => `${(i * step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const latest = values.at(-1);
    return (
        <figure className="plot">
            <figcaption>
                <span>{label}</span>
                <strong>{latest === undefined ? "–" : show(latest)}</strong>
            </figcaption>
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
                {values.length > 1 && <polyline points={line} />}
            </svg>
        </figure>
    );
}

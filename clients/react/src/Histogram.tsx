// SPDX-License-Identifier: MIT
//
// Lines over time, stacked by level, for what the filter chooses. Dragging chooses a range and goes
// to its start. The hub is asked anew every few seconds, never once a line; once, for a range that is past.

import { useRef, useState, type PointerEvent, type ReactNode } from "react";
import type { HistogramAnswer, LevelCounts } from "@logmill/client";
import { toLogFilter } from "./filter.js";
import { clock, count, dayAndClock, plural } from "./format.js";
import { lossesIn, type Losses } from "./losses.js";
import { LEVELS } from "./record.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";
import { useAnswer } from "./useAnswer.js";

const BUCKETS = 90;
const EVERY_MS = 5_000;
const WIDTH = 900;
const HEIGHT = 40;

export interface HistogramProps {
    session: Session;
    utc: boolean;
    /** Without a range: the last hour, moving on. */
    range?: { from: Date; to: Date };
    /** A range was drawn. Without it, a drag goes to its start. */
    onRange?(from: Date, to: Date): void;
}

function useCounts({ session, range }: HistogramProps): HistogramAnswer | null {
    useSignal(session.state);
    const filter = toLogFilter(session.model.filter);
    const ask = (signal: AbortSignal): Promise<HistogramAnswer> => {
        const span = range ?? { from: new Date(Date.now() - 3_600_000), to: new Date() };
        return session.service.histogram({ ...filter, ...span, buckets: BUCKETS, signal });
    };
    return useAnswer(JSON.stringify([filter, range]), ask, range ? 0 : EVERY_MS).data;
}

export function Histogram(props: HistogramProps): ReactNode {
    const answer = useCounts(props);
    const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
    const [hover, setHover] = useState<number | null>(null);
    const host = useRef<SVGSVGElement>(null);
    const buckets = answer?.buckets ?? [];
    if (!answer || buckets.length === 0) return <div className="histogram empty-histogram" data-testid="histogram" />;
    const losses = lossesIn(props.session.model.loaded.notices, buckets.map(({ time }) => Date.parse(time)), answer.bucket_ms);
    const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
    const step = WIDTH / buckets.length;
    const indexAt = (event: PointerEvent): number => {
        const box = (host.current as SVGSVGElement).getBoundingClientRect();
        const share = (event.clientX - box.left) / box.width;
        return Math.min(buckets.length - 1, Math.max(0, Math.floor(share * buckets.length)));
    };
    const timeAt = (index: number): number => Date.parse((buckets[index] as { time: string }).time);
    const finish = (): void => {
        if (!drag) return;
        const [first, last] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
        setDrag(null);
        const from = new Date(timeAt(first));
        if (props.onRange) props.onRange(from, new Date(timeAt(last) + answer.bucket_ms));
        else void props.session.seek(from);
    };
    const show = (time: number): string => (props.range ? dayAndClock : clock)(time, props.utc, true);
    const shown = hover === null ? null : buckets[hover];
    return (
        <div className="histogram" data-testid="histogram">
            <svg
                ref={host}
                viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
                preserveAspectRatio="none"
                role="img"
                aria-label={labelOf(answer, losses)}
                onPointerDown={(event) => {
                    event.currentTarget.setPointerCapture(event.pointerId);
                    setDrag({ from: indexAt(event), to: indexAt(event) });
                }}
                onPointerMove={(event) => {
                    setHover(indexAt(event));
                    if (drag) setDrag({ ...drag, to: indexAt(event) });
                }}
                onPointerUp={finish}
                onPointerLeave={() => setHover(null)}
            >
                <Shades losses={losses} step={step} />
                {buckets.map((bucket, i) => (
                    <Bar key={bucket.time} levels={bucket.levels} x={i * step} width={Math.max(1, step - 1)} most={most} />
                ))}
                {drag && (
                    <rect
                        className="drag"
                        x={Math.min(drag.from, drag.to) * step}
                        width={(Math.abs(drag.to - drag.from) + 1) * step}
                        height={HEIGHT}
                    />
                )}
            </svg>
            <div className="axis">
                <span>{show(timeAt(0))}</span>
                <span className="hovered" aria-hidden="true">
                    {shown ? `${show(Date.parse(shown.time))}: ${inWords(shown.count, shown.levels)}${lossInWords(losses.get(hover ?? -1))}` : unreadInWords(answer)}
                </span>
                <span>{show(timeAt(buckets.length - 1) + answer.bucket_ms)}</span>
            </div>
        </div>
    );
}

function Bar({ levels, x, width, most }: { levels: LevelCounts; x: number; width: number; most: number }): ReactNode {
    let below = 0;
    return LEVELS.map((level) => {
        const n = levels[level] ?? 0;
        if (n === 0) return null;
        const height = Math.max(1, (n / most) * HEIGHT);
        below += height;
        return <rect key={level} className={`b-${level}`} x={x} width={width} y={HEIGHT - below} height={height} />;
    });
}

/** Where lines were lost, or did not come: behind the bars. */
function Shades({ losses, step }: { losses: Losses; step: number }): ReactNode {
    return [...losses.keys()].map((i) => (
        <rect key={i} className="loss" data-testid="loss" x={i * step} width={step} height={HEIGHT} />
    ));
}

const lossInWords = (loss: number | undefined): string =>
    loss === undefined ? "" : loss > 0 ? `, ${plural(loss, "line")} missing` : ", lines may be missing";

const unreadInWords = ({ unread = 0 }: HistogramAnswer): string =>
    unread > 0 ? `without ${plural(unread, "line")} that cannot be read` : "";

function labelOf(answer: HistogramAnswer, losses: Losses): string {
    const parts = [`${count(answer.total)} lines over time`, unreadInWords(answer)];
    if (losses.size > 0) parts.push(`${plural(losses.size, "place")} where lines are missing`);
    return parts.filter((part) => part !== "").join(", ");
}

function inWords(total: number, levels: LevelCounts): string {
    const bad = (levels.error ?? 0) + (levels.fatal ?? 0);
    return `${count(total)} lines${bad > 0 ? `, ${count(bad)} errors` : ""}`;
}

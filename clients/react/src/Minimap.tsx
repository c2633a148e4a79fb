// SPDX-License-Identifier: MIT
//
// Ticks beside the scroll bar: where warnings, errors and bookmarks are among the loaded rows. A
// click goes there. Drawn with the counters, a few times a second.

import { useEffect, useMemo, useRef, type MouseEvent, type ReactNode } from "react";
import { FATAL, WARN } from "./record.js";
import { Marks } from "./marks.js";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";
import type { ListView } from "./view.js";

const WIDTH = 10;
const TICK = 2; // pixels

interface Colours {
    warn: string;
    error: string;
    fatal: string;
    bookmark: string;
}

function coloursOf(element: Element): Colours {
    const style = getComputedStyle(element);
    const of = (name: string): string => style.getPropertyValue(name).trim();
    return { warn: of("--lm-l-warn"), error: of("--lm-l-error"), fatal: of("--lm-l-fatal"), bookmark: of("--lm-accent") };
}

function draw(canvas: HTMLCanvasElement, session: Session, view: ListView, marks: Marks): void {
    const height = canvas.clientHeight;
    if (height === 0) return;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const colours = coloursOf(canvas);
    context.clearRect(0, 0, WIDTH, height);
    marks.update();
    // Few rows do not fill the list: then a tick stands beside its row.
    const used = Math.max(1, Math.min(height, view.index.total * view.linePx));
    const ticks = marks.ticks(view.index, Math.ceil(used / TICK));
    ticks.forEach((level, i) => {
        if (level === 0) return;
        context.fillStyle = level === WARN ? colours.warn : level === FATAL ? colours.fatal : colours.error;
        context.fillRect(level === WARN ? 4 : 2, i * TICK, WIDTH, TICK);
    });
    context.fillStyle = colours.bookmark;
    for (const id of session.bookmarks.all) {
        const row = view.rowWithId(id);
        const seq = row && view.seqOf(row);
        if (seq !== null) context.fillRect(0, (view.index.before(seq) / Math.max(1, view.index.total)) * used - 1, 5, 4);
    }
}

export function Minimap({ session, view }: { session: Session; view: ListView }): ReactNode {
    useSignal(session.stats);
    useSignal(session.bookmarks.changed);
    const canvas = useRef<HTMLCanvasElement>(null);
    const marks = useMemo(() => new Marks(session.model), [session]);
    useEffect(() => {
        if (canvas.current) draw(canvas.current, session, view, marks);
    });
    const clicked = (event: MouseEvent<HTMLCanvasElement>): void => {
        const box = event.currentTarget.getBoundingClientRect();
        const used = Math.max(1, Math.min(box.height, view.index.total * view.linePx));
        const line = Math.min(1, (event.clientY - box.top) / used) * view.index.total;
        session.pause();
        view.scrolledTo(line * view.linePx - view.height / 2);
        session.rows.fire();
    };
    return (
        <canvas
            ref={canvas}
            className="minimap"
            width={WIDTH}
            data-testid="minimap"
            title="Warnings, errors and bookmarks among the loaded lines"
            aria-hidden="true"
            onClick={clicked}
        />
    );
}

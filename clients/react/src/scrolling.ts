// SPDX-License-Identifier: MIT
//
// Scroll position and view, kept in step. The browser scrolls; its position is written only when the view has
// moved by itself (trimmed, revealed), so a reader's own scrolling is never fought.
//
// While the list follows, its rows lie on a pane that does not scroll: a frame changes their text and nothing
// else. Length and position are told to the browser with the counters, a few times a second, since each time
// costs it a layout, and tiles of a place that it has not drawn before. So it is when the list is taller than
// an element may be: then the scroll bar shows the place in proportion, and the wheel goes by pixels still.

import { useEffect, useLayoutEffect, useRef, type MutableRefObject, type RefObject } from "react";
import type { Session } from "./session.js";
import { useSignal } from "./signal.js";
import type { ListView } from "./view.js";

/** Browsers know no taller elements than some 33 million pixels of the screen, of which four may be one of ours. */
const TALLEST = 8_000_000;

/** What the browser is told of the list. */
interface Extent {
    total: number;
    top: number;
    /** Rows scroll with the list; else they lie on the pane. */
    flows: boolean;
    tick: number; // of the counters
    height: number; // of the list
}

/** Of this frame while rows scroll with the list; else as it was at the last tick when the reader did not scroll.
 * A list that is taller than a browser can make it is told in proportion. */
function useExtent(session: Session, view: ListView, isScrolling: boolean): Extent {
    const tick = useSignal(session.stats);
    const told = useRef<Extent>({ total: 0, top: 0, flows: false, tick: -1, height: -1 });
    const { total, top, lowest, height } = view;
    const flows = session.model.pause !== null && total <= TALLEST;
    const before = told.current;
    const isDue = !isScrolling && before.tick !== tick;
    if (!flows && !before.flows && !isDue && before.height === height) return before;
    const known = Math.min(total, TALLEST);
    const share = total > TALLEST ? (known - height) / lowest : 1;
    told.current = { total: known, top: top * share, flows, tick, height };
    return told.current;
}

/** Whether the reader is scrolling now, where the browser can say when that ends. */
function useIsScrolling(session: Session, host: RefObject<HTMLDivElement>): MutableRefObject<boolean> {
    const isScrolling = useRef(false);
    useEffect(() => {
        const list = host.current as HTMLDivElement;
        const ended = (): void => {
            if (!isScrolling.current) return;
            isScrolling.current = false;
            session.stats.fire();
        };
        list.addEventListener("scrollend", ended);
        return () => list.removeEventListener("scrollend", ended);
    }, [session, host]);
    return isScrolling;
}

/** So many screens at once are the scroll bar that was dragged. */
const FAR = 4;

interface Scrolling {
    extent: Extent;
    /** To be called when the list has been scrolled. */
    scrolled(): void;
}

/** Keeps scroll position and view in step. */
export function useScrolling(session: Session, view: ListView, host: RefObject<HTMLDivElement>): Scrolling {
    const isScrolling = useIsScrolling(session, host);
    const extent = useExtent(session, view, isScrolling.current);
    const agreed = useRef(0); // the position that extent and browser last agreed on
    useLayoutEffect(() => {
        if (isScrolling.current && !extent.flows) return;
        if (extent.top === agreed.current) return;
        (host.current as HTMLDivElement).scrollTop = extent.top;
        agreed.current = extent.top;
    });
    const placeOf = (now: number): number => {
        if (extent.flows) return now;
        const moved = now - agreed.current;
        if (Math.abs(moved) < FAR * view.height) return view.top + moved;
        return (now / Math.max(1, extent.total - view.height)) * view.lowest;
    };
    const scrolled = (): void => {
        const list = host.current as HTMLDivElement;
        const now = list.scrollTop;
        const before = agreed.current;
        if (Math.abs(now - before) <= 1) return;
        isScrolling.current = "onscrollend" in list;
        view.scrolledTo(placeOf(now));
        agreed.current = now;
        const { pause } = session.model;
        // A list that grew taller is moved up by the browser before we know its new height.
        const clamped = now + list.clientHeight >= list.scrollHeight - 2;
        if (!pause && now < before && !view.atEnd() && !clamped) session.pause();
        else if (pause && now > before && view.atEnd() && session.model.edge === "attached") session.follow();
        else session.rows.fire();
    };
    return { extent, scrolled };
}

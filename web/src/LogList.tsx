// SPDX-License-Identifier: MIT
//
// The list: a window of real rows over the ring, set by arithmetic alone. The browser scrolls; we
// write the scroll position only when the view has moved by itself (following, trimmed, revealed),
// so a reader's own scrolling is never fought.

import { useLayoutEffect, useMemo, useRef, useState, type MouseEvent, type ReactNode } from "react";
import { copyText } from "./clipboard";
import type { Theme } from "./colour";
import { searchPattern } from "./filter";
import { clock } from "./format";
import { toggleRow } from "./keys";
import { gridFor, safeText } from "./layout";
import { LogRow } from "./LogRow";
import { ERROR, LEVELS, type Row } from "./record";
import type { Session } from "./session";
import { useSignal } from "./signal";
import type { ListView } from "./view";

const NARROW_PX = 640;

interface Size {
    width: number;
    height: number;
    cell: number; // width of one character
    line: number; // height of one line
}

/** The size of the list and of its characters; read when they change, never per row. */
function useSize(host: React.RefObject<HTMLDivElement>, probe: React.RefObject<HTMLDivElement>): Size {
    const [size, setSize] = useState<Size>({ width: 800, height: 0, cell: 8, line: 20 });
    useLayoutEffect(() => {
        const list = host.current as HTMLDivElement;
        const measure = (): void => {
            const box = (probe.current as HTMLDivElement).getBoundingClientRect();
            setSize({
                width: list.clientWidth,
                height: list.clientHeight,
                cell: box.width / 100 || 8,
                line: Math.round(box.height) || 20,
            });
        };
        const observer = new ResizeObserver(measure);
        observer.observe(list);
        observer.observe(probe.current as HTMLDivElement);
        measure();
        return () => observer.disconnect();
    }, [host, probe]);
    return size;
}

export function lineAsText(row: Row, utc: boolean): string {
    const level = (LEVELS[row.level] ?? "info").toUpperCase();
    return `${clock(row.time, utc)} ${level} ${safeText(row.source)}: ${safeText(row.message)}`;
}

interface LogListProps {
    session: Session;
    view: ListView;
    theme: Theme;
    wrap: boolean;
    utc: boolean;
    onJob(job: string): void;
    children: ReactNode;
}

export function LogList({ session, view, theme, wrap, utc, onJob, children }: LogListProps): ReactNode {
    useSignal(session.rows);
    const host = useRef<HTMLDivElement>(null);
    const probe = useRef<HTMLDivElement>(null);
    const agreed = useRef(0); // the scroll position that view and browser last agreed on
    const widest = useRef({ generation: -1, cells: 0 });
    const size = useSize(host, probe);
    const { model } = session;
    const narrow = size.width < NARROW_PX;
    const grid = useMemo(
        () => gridFor(Math.floor((size.width - (narrow ? 20 : 32)) / size.cell), narrow, wrap, utc),
        [size.width, size.cell, narrow, wrap, utc],
    );
    const search = model.filter.search;
    const pattern = useMemo(() => (search === "" ? null : searchPattern(search, "g")), [search]);

    const shown = view.update(grid, size.line, size.height);
    const slots = 2 ** Math.ceil(Math.log2(Math.max(8, shown.to - shown.from)));
    const rows: ReactNode[] = [];
    let top = view.index.before(shown.from) * size.line;
    if (widest.current.generation !== model.generation)
        widest.current = { generation: model.generation, cells: 0 };
    for (let seq = shown.from; seq < shown.to; seq += 1) {
        const row = model.shown.at(seq) as Row;
        const height = view.index.get(seq) * size.line;
        widest.current.cells = Math.max(widest.current.cells, row.message.length);
        rows.push(
            <LogRow
                key={seq % slots}
                row={row}
                seq={seq}
                top={top}
                height={height}
                grid={grid}
                theme={theme}
                pattern={pattern}
                active={row === view.active}
                details={view.detailsOf(row)}
            />,
        );
        top += height;
    }

    useLayoutEffect(() => {
        const list = host.current as HTMLDivElement;
        if (view.top !== agreed.current) {
            list.scrollTop = view.top;
            agreed.current = view.top;
        }
        if (!view.focusWanted) return;
        view.focusWanted = false;
        list.querySelector<HTMLElement>(".row.active")?.focus({ preventScroll: true });
    });

    const scrolled = (): void => {
        const now = (host.current as HTMLDivElement).scrollTop;
        const before = agreed.current;
        if (Math.abs(now - before) <= 1) return;
        agreed.current = now;
        view.scrolledTo(now);
        if (!model.pause && now < before && !view.atEnd()) session.pause();
        else if (model.pause && now > before && view.atEnd()) session.follow();
        else session.rows.fire();
    };

    const clicked = (event: MouseEvent<HTMLDivElement>): void => {
        const target = event.target as HTMLElement;
        const seq = target.closest<HTMLElement>("[data-seq]")?.dataset.seq;
        const row = seq === undefined ? undefined : model.shown.at(Number(seq));
        if (!row || document.getSelection()?.type === "Range") return;
        const job = target.closest<HTMLElement>("[data-job]")?.dataset.job;
        const act = target.closest<HTMLElement>("[data-act]")?.dataset.act;
        if (job) onJob(job);
        else if (act === "copy-line") void copyText(lineAsText(row, utc));
        else if (act === "copy-json") void copyText(row.json);
        else if (act === "close" || !target.closest(".details")) toggleRow(session, view, row);
    };

    const cells = wrap ? 0 : Math.min(widest.current.cells, 4 * 1024);
    const width = cells === 0 ? "100%" : `max(100%, ${grid.gutter + cells + 6}ch)`;
    return (
        <div
            ref={host}
            className={LEVELS.indexOf(model.filter.level) >= ERROR ? "list errors" : "list"}
            role="log"
            aria-live="off"
            aria-label="Log lines"
            tabIndex={0}
            data-testid="list"
            data-shown={model.shown.length}
            data-received={model.received}
            data-last-id={model.lastId}
            data-order-faults={model.orderFaults}
            onScroll={scrolled}
            onClick={clicked}
        >
            <div ref={probe} className="probe" aria-hidden="true" />
            <div className="canvas" role="list" style={{ height: view.total, width }}>
                {rows}
            </div>
            {model.shown.length === 0 && children}
        </div>
    );
}


// SPDX-License-Identifier: MIT
//
// The names above the columns. The edge of one is dragged, or moved with the arrow keys, for its width.

import { useRef, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { isFixed, resized, toggled, type Column } from "./columns.js";
import { cellText } from "./layout.js";

interface HeadsProps {
    columns: readonly Column[];
    /** Width of one character. */
    cell: number;
    onColumns(columns: readonly Column[]): void;
}

export function Heads({ columns, cell, onColumns }: HeadsProps): ReactNode {
    return (
        <div className="heads" data-testid="heads">
            {columns.map((column) => (
                <span key={column.key} className="head">
                    {cellText(column.key, column.width)}
                    {!isFixed(column.key) && <Edge column={column} cell={cell} columns={columns} onColumns={onColumns} />}
                    <button
                        type="button"
                        title={`No column ${column.key}`}
                        onClick={() => onColumns(toggled(columns, column.key))}
                    >
                        ×
                    </button>
                </span>
            ))}
            <span className="head">message</span>
        </div>
    );
}

function Edge({ column, cell, columns, onColumns }: HeadsProps & { column: Column }): ReactNode {
    const start = useRef<{ x: number; width: number } | null>(null);
    const become = (width: number): void => onColumns(resized(columns, column.key, width));
    const moved = (event: PointerEvent): void => {
        if (start.current) become(start.current.width + (event.clientX - start.current.x) / cell);
    };
    const pressed = (event: KeyboardEvent): void => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        become(column.width + step);
    };
    return (
        <span
            className="edge"
            role="separator"
            aria-orientation="vertical"
            aria-label={`Width of ${column.key}`}
            aria-valuenow={column.width}
            tabIndex={0}
            data-testid={`edge-${column.key}`}
            onPointerDown={(event) => {
                event.currentTarget.setPointerCapture(event.pointerId);
                start.current = { x: event.clientX, width: column.width };
            }}
            onPointerMove={moved}
            onPointerUp={() => {
                start.current = null;
            }}
            onKeyDown={pressed}
        />
    );
}

// SPDX-License-Identifier: MIT
//
// One row. The columns are real spaces in one run of text, so that what is selected and copied looks
// as it does on the screen. Clicks are handled by the list, which finds the row by data-seq.

import { memo, type ReactNode } from "react";
import { cellsOf, markHits, parseAnsi, wrapPieces, type Piece } from "./ansi";
import { paintFor, type Theme } from "./colour";
import { clock, hueOf } from "./format";
import { LINE_CELLS, WRAP_LINES, sourceCell, type DetailLine, type Grid } from "./layout";
import { LEVELS, type Row } from "./record";

export const HUES = 8;

function Text({ piece, theme }: { piece: Piece; theme: Theme }): ReactNode {
    if (!piece.style && !piece.mark && !piece.hit) return piece.text;
    const classes = [piece.mark && "mark", piece.hit && "hit"].filter(Boolean).join(" ");
    return (
        <span
            className={classes || undefined}
            style={piece.style && !piece.hit ? paintFor(piece.style, theme) : undefined}
        >
            {piece.text}
        </span>
    );
}

function Line({ pieces, theme }: { pieces: readonly Piece[]; theme: Theme }): ReactNode {
    return pieces.map((piece, i) => <Text key={i} piece={piece} theme={theme} />);
}

interface MessageProps {
    row: Row;
    grid: Grid;
    theme: Theme;
    pattern: RegExp | null;
}

function Message({ row, grid, theme, pattern }: MessageProps): ReactNode {
    const pieces = markHits(parseAnsi(row.message), pattern);
    if (!grid.wrap) {
        const long = row.message.length > LINE_CELLS;
        const line = long ? (wrapPieces(pieces, LINE_CELLS, 1)[0] ?? []) : pieces;
        return (
            <span className="message">
                <Line pieces={line} theme={theme} />
                {long && <span className="more"> … Enter shows all</span>}
            </span>
        );
    }
    const lines = wrapPieces(pieces, grid.columns, WRAP_LINES);
    const cut = row.cells > grid.columns * WRAP_LINES;
    return lines.map((line, i) => (
        <span
            key={i}
            className={i === 0 ? "message" : "message further"}
            style={i === 0 ? undefined : { paddingLeft: `${grid.gutter}ch` }}
        >
            <Line pieces={line} theme={theme} />
            {cut && i === lines.length - 1 && <span className="more overlay"> … Enter shows all</span>}
        </span>
    ));
}

function Details({ lines, theme }: { lines: DetailLine[]; theme: Theme }): ReactNode {
    return (
        <div className="details">
            {lines.map((line, i) => (
                <div className="detail" key={i}>
                    <span className="key">{line.key + " ".repeat(line.keyCells - cellsOf(line.key))}</span>
                    {line.job ? (
                        <button type="button" className="value" data-job={line.job} title="Show only this job run">
                            <Line pieces={line.pieces} theme={theme} />
                        </button>
                    ) : (
                        <Line pieces={line.pieces} theme={theme} />
                    )}
                </div>
            ))}
            <div className="detail actions">
                <button type="button" data-act="copy-line">
                    Copy line
                </button>
                <button type="button" data-act="copy-json">
                    Copy JSON
                </button>
                <button type="button" data-act="close">
                    Close
                </button>
            </div>
        </div>
    );
}

export interface LogRowProps extends MessageProps {
    seq: number;
    top: number;
    height: number;
    active: boolean;
    details: DetailLine[] | null;
}

export const LogRow = memo(function LogRow(props: LogRowProps): ReactNode {
    const { row, grid, theme, details, active } = props;
    const level = LEVELS[row.level] ?? "info";
    const label = row.notice ? (row.lost > 0 ? "lost" : "note") : level;
    const kind = row.notice ? "notice" : `l-${level}`;
    return (
        <div
            className={`row ${kind}${active ? " active" : ""}${details ? " opened" : ""}`}
            role="listitem"
            data-testid="row"
            data-seq={props.seq}
            data-id={row.id}
            data-level={level}
            tabIndex={active ? 0 : -1}
            style={{ top: props.top, height: props.height }}
        >
            <span className="time">{clock(row.time, grid.utc, grid.narrow)}</span>
            {grid.narrow ? (
                <span className="sr-only">{` ${label} `}</span>
            ) : (
                <>
                    <span className="level">{`  ${label.toUpperCase().padEnd(5)}  `}</span>
                    <span className={`source hue-${hueOf(row.source, HUES)}`}>{sourceCell(row.source)}</span>
                </>
            )}
            <span>{grid.narrow ? " " : "  "}</span>
            <Message row={row} grid={grid} theme={theme} pattern={props.pattern} />
            {details && <Details lines={details} theme={theme} />}
        </div>
    );
});

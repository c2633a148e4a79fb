// SPDX-License-Identifier: MIT
//
// One row. The columns are real spaces in one run of text, so that what is selected and copied looks
// as it does on the screen. Clicks are handled by the list, which finds the row by data-seq.

import { memo, type ReactNode } from "react";
import { cellsOf, markHits, parseAnsi, wrapPieces, type Piece } from "./ansi.js";
import { paintFor, type Theme } from "./colour.js";
import { LEVEL, TIME, type Column } from "./columns.js";
import { clock, elapsed, hueClass, plural } from "./format.js";
import { LINE_CELLS, WRAP_LINES, cellText, type DetailLine, type Grid } from "./layout.js";
import { LEVELS, memberOf, type Row } from "./record.js";

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

/** Buttons that put a member of the record into the filter, keep it out, or make it a column. */
function Choose({ member }: { member: { key: string; value: string } }): ReactNode {
    return (
        <span className="choose">
            <button type="button" data-act="include" data-key={member.key} data-value={member.value} title="Only lines with this">
                +
            </button>
            <button type="button" data-act="exclude" data-key={member.key} data-value={member.value} title="No lines with this">
                −
            </button>
            <button type="button" data-act="column" data-key={member.key} title="Show as a column, or no longer">
                ▥
            </button>
        </span>
    );
}

function Details({ lines, theme, notice }: { lines: DetailLine[]; theme: Theme; notice: boolean }): ReactNode {
    return (
        <div className="details">
            {lines.map((line, i) => (
                <div className="detail" key={i}>
                    <span className="key">{line.key + " ".repeat(line.keyCells - cellsOf(line.key))}</span>
                    <span className="value">
                        <Line pieces={line.pieces} theme={theme} />
                    </span>
                    {line.member && <Choose member={line.member} />}
                </div>
            ))}
            <div className="detail actions">
                <button type="button" data-act="copy-line">
                    Copy line
                </button>
                <button type="button" data-act="copy-json">
                    <span className="verb">Copy </span>JSON
                </button>
                <button type="button" data-act="copy-markdown" title="With a heading, as a block of code (Y)">
                    <span className="verb">Copy </span>Markdown
                </button>
                {!notice && (
                    <>
                        <button type="button" data-act="context" title="All lines around this one (c)">
                            Context
                        </button>
                        <button type="button" data-act="mark" title="Bookmark it, or no longer (m)">
                            Bookmark
                        </button>
                        <button type="button" data-act="share" title="Copy a link to this line (s)">
                            <span className="verb">Copy </span>link
                        </button>
                    </>
                )}
                <button type="button" data-act="close">
                    Close
                </button>
            </div>
        </div>
    );
}

interface CellProps {
    row: Row;
    column: Column;
    label: string;
    time: string;
}

function Cell({ row, column, label, time }: CellProps): ReactNode {
    const { key, width } = column;
    if (key === TIME) return <span className="time">{cellText(time, width)}</span>;
    if (key === LEVEL) return <span className="level">{cellText(label.toUpperCase(), width)}</span>;
    if (key === "source")
        return <span className={`source ${hueClass(row.source)}`}>{cellText(row.source, width)}</span>;
    return <span className="cell">{cellText(memberOf(row, key), width)}</span>;
}

/** At the first line of a stack trace: how much more there is. */
function Trace({ further, folded }: { further: number; folded: boolean }): ReactNode {
    return (
        <button
            type="button"
            className="trace"
            data-act="trace"
            data-testid="trace"
            aria-expanded={!folded}
            title={folded ? "Show the rest of it (o)" : "Fold it (o)"}
            tabIndex={-1}
        >
            {folded ? `+${plural(further, "line")}` : "fold"}
        </button>
    );
}

export interface LogRowProps extends MessageProps {
    seq: number;
    top: number;
    height: number;
    active: boolean;
    details: DetailLine[] | null;
    /** Beside its level: opened, asked for, marked by the reader, … */
    kinds: string;
    /** The time of the row before, when times are differences; else NaN. */
    since: number;
    /** Lines of a stack trace that this one begins. */
    further: number;
    folded: boolean;
}

export const LogRow = memo(function LogRow(props: LogRowProps): ReactNode {
    const { row, grid, theme, details, active } = props;
    const level = LEVELS[row.level] ?? "info";
    const label = row.notice ? (row.lost > 0 ? "lost" : "note") : level;
    const time = grid.delta ? elapsed(row.time - props.since) : clock(row.time, grid.utc, grid.narrow);
    const kind = row.notice ? "notice" : `l-${level}`;
    return (
        <div
            className={`row ${kind}${props.kinds}`}
            role="listitem"
            data-testid="row"
            data-seq={props.seq}
            data-id={row.id}
            data-level={level}
            tabIndex={active ? 0 : -1}
            style={{ top: props.top, height: props.height }}
        >
            {grid.narrow ? (
                <>
                    <span className="time">{`${time} `}</span>
                    <span className="sr-only">{`${label} `}</span>
                </>
            ) : (
                grid.fields.map((column) => (
                    <Cell key={column.key} row={row} column={column} label={label} time={time} />
                ))
            )}
            {props.further > 0 && !grid.wrap && <Trace further={props.further} folded={props.folded} />}
            <Message row={row} grid={grid} theme={theme} pattern={props.pattern} />
            {props.further > 0 && grid.wrap && (
                <span className="message further" style={{ paddingLeft: `${grid.gutter}ch` }}>
                    <Trace further={props.further} folded={props.folded} />
                </span>
            )}
            {row.hole && (
                <button type="button" className="fill" data-act="fill">
                    Show them
                </button>
            )}
            {details && <Details lines={details} theme={theme} notice={row.notice} />}
        </div>
    );
});

// SPDX-License-Identifier: MIT
import { useMemo, useState, type ReactNode } from "react";
import { COLUMNS, toggled, type Column } from "./columns.js";
import type { Session } from "./session.js";
import { Sheet } from "./Sheet.js";

const NOT_COLUMNS = new Set(["id", "timestamp", "message", "cont", "type", "level", "source"]);

interface ColumnsSheetProps {
    session: Session;
    columns: readonly Column[];
    onColumns(columns: readonly Column[]): void;
    open: boolean;
    onClose(): void;
    /** Further choices. */
    children?: ReactNode;
}

export function ColumnsSheet(props: ColumnsSheetProps): ReactNode {
    return (
        <Sheet title="Columns" kind="columns" open={props.open} onClose={props.onClose}>
            <ColumnsForm {...props} />
        </Sheet>
    );
}

/** The members that the lines have had, each a column or not. */
function ColumnsForm({ session, columns, onColumns, onClose, children }: ColumnsSheetProps): ReactNode {
    const [word, setWord] = useState("");
    const keys = useMemo(() => {
        const seen = session.memory.recall(session.model.loaded).keys.filter((key) => !NOT_COLUMNS.has(key));
        return [...new Set([...COLUMNS, ...columns].map(({ key }) => key).concat(seen))];
        // eslint-disable-next-line react-hooks/exhaustive-deps -- the order stays while the sheet is open
    }, [session]);
    const shown = keys.filter((key) => key.includes(word.toLowerCase()));
    return (
        <>
            <input
                type="text"
                className="find"
                autoFocus
                aria-label="Find a member"
                placeholder="Find a member"
                value={word}
                onChange={(event) => setWord(event.target.value)}
            />
            <ul className="checks">
                {shown.map((key) => (
                    <li key={key}>
                        <label className="check">
                            <input
                                type="checkbox"
                                data-testid={`column-${key}`}
                                checked={columns.some((column) => column.key === key)}
                                onChange={() => onColumns(toggled(columns, key))}
                            />
                            {key}
                        </label>
                    </li>
                ))}
                {shown.length === 0 && <li className="hint">The lines that are loaded have no such member.</li>}
            </ul>
            {children}
            <div className="ends">
                <button type="button" className="main" onClick={onClose}>
                    Done
                </button>
                <button type="button" onClick={() => onColumns(COLUMNS)}>
                    Usual columns
                </button>
            </div>
        </>
    );
}

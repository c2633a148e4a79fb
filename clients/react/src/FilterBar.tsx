// SPDX-License-Identifier: MIT
//
// The field for the filter language: says where a mistake is while one types, and offers keys and
// values that have been seen.

import { useId, useMemo, useState, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import type { FilterError } from "@logmill/client";
import { complete, type Completion, type Seen } from "./complete.js";
import { BetweenIcon, CloseIcon, SearchIcon } from "./icons.js";

interface FilterBarProps {
    input: RefObject<HTMLInputElement>;
    value: string;
    error: FilterError | null;
    seen(): Seen;
    onChange(value: string): void;
    /** Its words are to mark lines only. */
    onLift(): void;
}

export function FilterBar({ input, value, error, seen, onChange, onLift }: FilterBarProps): ReactNode {
    const [caret, setCaret] = useState<number | null>(null);
    const [chosen, setChosen] = useState(0);
    const list = useId();
    const found = useMemo(
        () => (caret === null ? null : complete(value, caret, seen())),
        [value, caret, seen],
    );
    const items = found?.items ?? [];
    const pick = (completion: Completion, item: string): void => {
        const next = value.slice(0, completion.from) + item + value.slice(completion.to);
        onChange(next);
        const at = completion.from + item.length;
        setCaret(null);
        requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
    };
    const pressed = (event: KeyboardEvent): void => {
        if (event.key === "Escape" && items.length > 0) {
            setCaret(null);
            event.stopPropagation();
        } else if (found && items.length > 0 && (event.key === "Tab" || event.key === "Enter")) {
            if (event.key === "Enter" && chosen < 0) return;
            event.preventDefault();
            pick(found, items[Math.max(0, chosen)] as string);
        } else if (items.length > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
            event.preventDefault();
            const step = event.key === "ArrowDown" ? 1 : -1;
            setChosen((chosen + step + items.length) % items.length);
        }
    };
    const edited = (target: HTMLInputElement): void => {
        onChange(target.value);
        setChosen(-1);
        setCaret(target.selectionStart);
    };
    return (
        <div className={`field search${value === "" ? "" : " set"}${error ? " wrong" : ""}`}>
            <SearchIcon />
            <input
                ref={input}
                type="text"
                role="combobox"
                aria-label="Filter"
                aria-expanded={items.length > 0}
                aria-controls={list}
                aria-invalid={error !== null}
                aria-errormessage={error ? `${list}e` : undefined}
                placeholder="Filter: text, level>=warn, source:api, -noise, /regex/"
                title="Words, &quot;phrases&quot;, key:value, key>5, /regex/, - to leave out, OR (/)"
                data-testid="search"
                value={value}
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="off"
                onChange={(event) => edited(event.target)}
                onKeyDown={pressed}
                onBlur={() => setCaret(null)}
            />
            {value !== "" && !error && (
                <button
                    type="button"
                    aria-label="Show the lines between the hits, too"
                    title="Show the lines between the hits, too (F); n and N lead from one to the next"
                    data-testid="lift"
                    onClick={onLift}
                >
                    <BetweenIcon />
                </button>
            )}
            {value !== "" && (
                <button type="button" aria-label="Remove the filter" onClick={() => onChange("")}>
                    <CloseIcon />
                </button>
            )}
            {error && (
                <div className="fielderror" id={`${list}e`} role="alert" data-testid="filter-error">
                    <span className="where">{mark(value, error.column)}</span>
                    {error.message}
                </div>
            )}
            <ul className="completions" id={list} role="listbox" hidden={items.length === 0 || error !== null}>
                {found &&
                    items.map((item, i) => (
                        <li
                            key={item}
                            role="option"
                            aria-selected={i === chosen}
                            onMouseDown={(event) => {
                                event.preventDefault();
                                pick(found, item);
                            }}
                        >
                            {item}
                        </li>
                    ))}
            </ul>
        </div>
    );
}

/** The part of the text that an error is about, to be read beside its sentence. */
function mark(text: string, column: number): string {
    const rest = [...text].slice(column - 1).join("");
    return rest === "" ? "at the end" : rest.slice(0, 16);
}

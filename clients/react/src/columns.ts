// SPDX-License-Identifier: MIT
//
// What stands before the message: time, level and source, and any member of the records that the
// reader chose. As text, for addresses and saved views: "time,level,source:20,duration_ms:8".

export interface Column {
    /** TIME, LEVEL, or a member as a filter names it. */
    readonly key: string;
    /** In characters. */
    readonly width: number;
}

export const TIME = "time";
export const LEVEL = "level";
const WIDTHS: Record<string, number> = { [TIME]: 12, [LEVEL]: 5, source: 12 };
const OTHER_WIDTH = 14;
const NARROWEST = 3;
const WIDEST = 80;
const MOST = 12;

export const COLUMNS: readonly Column[] = Object.entries(WIDTHS).map(([key, width]) => ({ key, width }));

/** Time and level say the same at any width. */
export const isFixed = (key: string): boolean => key === TIME || key === LEVEL;

export function columnsFromText(text: string | null): readonly Column[] {
    if (text === null) return COLUMNS;
    const found = new Map<string, Column>();
    for (const part of text.split(",")) {
        const [, key, width] = /^([A-Za-z_][\w.]*)(?::(\d+))?$/.exec(part.trim()) ?? [];
        if (key && !found.has(key) && found.size < MOST) found.set(key, columnOf(key, width ? Number(width) : undefined));
    }
    return [...found.values()];
}

/** Null for the usual columns, which need no words. */
export function columnsToText(columns: readonly Column[]): string | null {
    const word = ({ key, width }: Column): string => (width === columnOf(key).width ? key : `${key}:${width}`);
    const text = columns.map(word).join(",");
    return text === COLUMNS.map(word).join(",") ? null : text;
}

function columnOf(key: string, width = WIDTHS[key] ?? OTHER_WIDTH): Column {
    const usual = isFixed(key) ? (WIDTHS[key] as number) : width;
    return { key, width: Math.min(WIDEST, Math.max(NARROWEST, usual)) };
}

/** With a column more, or without it. Time, level and source keep their places. */
export function toggled(columns: readonly Column[], key: string): readonly Column[] {
    if (columns.some((column) => column.key === key)) return columns.filter((column) => column.key !== key);
    const order = Object.keys(WIDTHS);
    const rank = (of: string): number => (order.includes(of) ? order.indexOf(of) : order.length);
    const at = columns.findIndex((column) => rank(column.key) > rank(key));
    const next = [...columns];
    next.splice(at < 0 ? columns.length : at, 0, columnOf(key));
    return next.slice(0, MOST);
}

export function resized(columns: readonly Column[], key: string, width: number): readonly Column[] {
    return columns.map((column) => (column.key === key ? columnOf(key, Math.round(width)) : column));
}

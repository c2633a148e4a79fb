// SPDX-License-Identifier: MIT
//
// Log text is not to be trusted. Here it becomes pieces that are safe to show: colours and weights
// of ANSI escape sequences (SGR) become a style, every other escape sequence is taken out, and
// control, bidirectional and invisible characters become visible marks. Nothing in a line can move,
// hide or reorder what stands around it.

/** 0-15: the terminal's palette. RGB | rgb: a colour of its own. */
export type Colour = number;
export const RGB = 0x1000000;

export interface Style {
    fg: Colour | null;
    bg: Colour | null;
    bold: boolean;
    dim: boolean;
    italic: boolean;
    underline: boolean;
    strike: boolean;
    inverse: boolean;
}

export interface Piece {
    text: string;
    style: Style | null; // null: plain
    mark: boolean; // stands for a character that must not be shown as it is
    hit?: boolean; // part of what was searched
}

const PLAIN: Style = {
    fg: null,
    bg: null,
    bold: false,
    dim: false,
    italic: false,
    underline: false,
    strike: false,
    inverse: false,
};

// CSI, then strings (OSC, DCS, SOS, PM, APC) up to their end, then the short ones. An unfinished
// string takes the rest of the line, as it would in a terminal. C1 forms are the same in one byte.
const ESCAPE =
    // eslint-disable-next-line no-control-regex
    /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$|(?=\x1b))|\x1b[ -/]+[0-~]|\x1b[0-Z\\`-~]/g;

const NEEDS_CARE =
    // Everything that is not printable ASCII, or a letter or sign that is always harmless.
    /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]/;

const UNSAFE =
    /[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\udb40[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text without escape sequences: what the hub's filters look at. */
export function stripEscapes(text: string): string {
    return NEEDS_CARE.test(text) ? text.replace(ESCAPE, "") : text;
}

const SHORT_MARKS: Record<string, string> = {
    "\n": "↵",
    "\r": "\\r",
    "\x1b": "\\e",
    "\0": "\\0",
    "\u2028": "↵",
    "\u2029": "↵",
};

function markOf(unsafe: string): string {
    const hex = (unsafe.codePointAt(0) as number).toString(16).toUpperCase();
    return SHORT_MARKS[unsafe] ?? (hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`);
}

/** Pieces of one line, in order. A style ends with its line. */
export function parseAnsi(text: string): Piece[] {
    if (text === "") return [];
    if (!NEEDS_CARE.test(text)) return [{ text, style: null, mark: false }];
    const line = new LineBuilder();
    let style: Style = PLAIN;
    let start = 0;
    for (const escape of text.matchAll(ESCAPE)) {
        line.addText(text.slice(start, escape.index), style);
        start = escape.index + escape[0].length;
        if (escape[2] === "m") style = applySgr(style, escape[1] ?? "");
    }
    line.addText(text.slice(start), style);
    return line.pieces;
}

class LineBuilder {
    readonly pieces: Piece[] = [];
    private column = 0;

    addText(text: string, style: Style): void {
        const own = sameStyle(style, PLAIN) ? null : style;
        let start = 0;
        for (const unsafe of text.matchAll(UNSAFE)) {
            this.add(text.slice(start, unsafe.index), own, false);
            start = unsafe.index + unsafe[0].length;
            if (unsafe[0] === "\t") this.add(" ".repeat(8 - (this.column % 8)), own, false);
            else this.add(markOf(unsafe[0]), own, true);
        }
        this.add(text.slice(start), own, false);
    }

    private add(text: string, style: Style | null, mark: boolean): void {
        if (text === "") return;
        this.column += cellsOf(text);
        const last = this.pieces[this.pieces.length - 1];
        if (last && last.mark === mark && last.style === style) last.text += text;
        else this.pieces.push({ text, style, mark });
    }
}

function sameStyle(a: Style, b: Style): boolean {
    return (Object.keys(PLAIN) as (keyof Style)[]).every((key) => a[key] === b[key]);
}

const SWITCHES: Record<number, Partial<Style>> = {
    0: PLAIN,
    1: { bold: true },
    2: { dim: true },
    3: { italic: true },
    4: { underline: true },
    7: { inverse: true },
    9: { strike: true },
    21: { underline: true },
    22: { bold: false, dim: false },
    23: { italic: false },
    24: { underline: false },
    27: { inverse: false },
    29: { strike: false },
    39: { fg: null },
    49: { bg: null },
};

// Concealed and blinking text (8, 5, 6) is shown as it is: a log has nothing to hide.
function applySgr(before: Style, parameters: string): Style {
    const codes = parameters.split(/[;:]/).map((n) => (n === "" ? 0 : Number(n)));
    let style = before;
    for (let i = 0; i < codes.length; i += 1) {
        const code = codes[i] as number;
        if (code === 38 || code === 48) {
            const [colour, used] = extendedColour(codes.slice(i + 1));
            if (colour !== null) style = { ...style, [code === 38 ? "fg" : "bg"]: colour };
            i += used;
        } else if (SWITCHES[code]) style = { ...style, ...SWITCHES[code] };
        else if (code >= 30 && code <= 37) style = { ...style, fg: code - 30 };
        else if (code >= 40 && code <= 47) style = { ...style, bg: code - 40 };
        else if (code >= 90 && code <= 97) style = { ...style, fg: code - 82 };
        else if (code >= 100 && code <= 107) style = { ...style, bg: code - 92 };
    }
    return style;
}

/** What follows 38 or 48: `5;n` or `2;r;g;b`. Returns the colour and how many numbers it took. */
function extendedColour(codes: readonly number[]): [Colour | null, number] {
    const [kind, a, b, c] = codes;
    const byte = (n: number | undefined): boolean => n !== undefined && n >= 0 && n <= 255;
    if (kind === 5) return [byte(a) ? indexedColour(a as number) : null, 2];
    if (kind !== 2) return [null, codes.length];
    if (!byte(a) || !byte(b) || !byte(c)) return [null, 4];
    return [RGB | ((a as number) << 16) | ((b as number) << 8) | (c as number), 4];
}

function indexedColour(index: number): Colour {
    if (index < 16) return index;
    if (index >= 232) return RGB | ((8 + (index - 232) * 10) * 0x010101);
    const level = (n: number): number => (n === 0 ? 0 : 55 + n * 40);
    const cube = index - 16;
    const red = level(Math.floor(cube / 36));
    return RGB | (red << 16) | (level(Math.floor(cube / 6) % 6) << 8) | level(cube % 6);
}

const WIDE =
    /[\u1100-\u115e\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\u200c\u200d\ufe00-\ufe0f]/u;

function cellsOfChar(char: string): number {
    if (char <= "\u02ff") return 1;
    if (NO_WIDTH.test(char)) return 0;
    return WIDE.test(char) ? 2 : 1;
}

/** Columns that harmless text takes in a monospaced font. */
export function cellsOf(text: string): number {
    if (!NEEDS_CARE.test(text)) return text.length;
    let cells = 0;
    for (const char of text) cells += cellsOfChar(char);
    return cells;
}

export function cellsOfMessage(message: string): number {
    if (!NEEDS_CARE.test(message)) return message.length;
    return parseAnsi(message).reduce((sum, piece) => sum + cellsOf(piece.text), 0);
}

/** The pieces cut into `columns` wide lines, at most `limit` of them; a character is never cut. */
export function wrapPieces(pieces: readonly Piece[], columns: number, limit: number): Piece[][] {
    const lines: Piece[][] = [[]];
    let cell = 0;
    for (const piece of pieces) {
        let part = "";
        const flush = (): void => {
            if (part !== "") (lines[lines.length - 1] as Piece[]).push({ ...piece, text: part });
            part = "";
        };
        for (const char of piece.text) {
            if (cell >= lines.length * columns && cellsOfChar(char) > 0) {
                flush();
                if (lines.length === limit) return lines;
                lines.push([]);
            }
            part += char;
            cell += cellsOfChar(char);
        }
        flush();
    }
    return lines;
}

/** The same text with every occurrence of `pattern` (global flag) in pieces marked as hits. */
export function markHits(pieces: readonly Piece[], pattern: RegExp | null): readonly Piece[] {
    if (pattern === null) return pieces;
    const whole = pieces.map((piece) => piece.text).join("");
    const cuts = [...whole.matchAll(pattern)].flatMap((m) => [m.index, m.index + m[0].length]);
    if (cuts.length === 0) return pieces;
    const out: Piece[] = [];
    let at = 0;
    let next = 0; // an odd number means: inside a hit
    for (const piece of pieces) {
        const end = at + piece.text.length;
        let from = at;
        while (from < end) {
            while (next < cuts.length && (cuts[next] as number) <= from) next += 1;
            const to = Math.min(end, next < cuts.length ? (cuts[next] as number) : end);
            out.push({ ...piece, text: piece.text.slice(from - at, to - at), hit: next % 2 === 1 });
            from = to;
        }
        at = end;
    }
    return out;
}

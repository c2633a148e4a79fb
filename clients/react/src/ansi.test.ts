// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import {
    RGB,
    cellsOf,
    cellsOfMessage,
    markHits,
    parseAnsi,
    stripEscapes,
    wrapPieces,
    type Style,
} from "./ansi.js";

const ESC = "\u001b";
const shown = (text: string): string =>
    parseAnsi(text)
        .map((piece) => piece.text)
        .join("");
const styleOf = (text: string): Partial<Style> | null => parseAnsi(text).at(-1)?.style ?? null;

describe("parseAnsi: colours", () => {
    it("leaves plain text alone", () => {
        expect(parseAnsi("hello: world")).toEqual([
            { text: "hello: world", style: null, mark: false },
        ]);
    });

    it("reads 16, 256 and RGB colours in both spellings", () => {
        expect(styleOf(`${ESC}[31mx`)).toMatchObject({ fg: 1 });
        expect(styleOf(`${ESC}[97;104mx`)).toMatchObject({ fg: 15, bg: 12 });
        expect(styleOf(`${ESC}[38;5;9mx`)).toMatchObject({ fg: 9 });
        expect(styleOf(`${ESC}[38;5;208mx`)).toMatchObject({ fg: RGB | 0xff8700 });
        expect(styleOf(`${ESC}[48;5;232mx`)).toMatchObject({ bg: RGB | 0x080808 });
        expect(styleOf(`${ESC}[1;38;2;1;2;3;4mx`)).toMatchObject({
            bold: true,
            fg: RGB | 0x010203,
            underline: true,
        });
        expect(styleOf(`${ESC}[38:5:208mx`)).toMatchObject({ fg: RGB | 0xff8700 });
        expect(styleOf("\u009b32mx")).toMatchObject({ fg: 2 });
    });

    it("resets", () => {
        expect(styleOf(`${ESC}[1;31ma${ESC}[mb`)).toBeNull();
        expect(styleOf(`${ESC}[1;31ma${ESC}[22;39mb`)).toBeNull();
    });

    it("survives nonsense", () => {
        expect(styleOf(`${ESC}[38;5;999mx`)).toBeNull();
        expect(styleOf(`${ESC}[38mx`)).toBeNull();
        expect(styleOf(`${ESC}[;;;38;2;1mx`)).toBeNull();
        expect(shown(`${ESC}[999999999999mx`)).toBe("x");
    });
});

describe("parseAnsi: what must not reach the page", () => {
    it("takes out every other escape sequence", () => {
        expect(shown(`a${ESC}[2J${ESC}[1;1H${ESC}[?25lb`)).toBe("ab");
        expect(shown(`a${ESC}]0;title\u0007b`)).toBe("ab");
        expect(shown(`a${ESC}]8;;http://evil/${ESC}\\link${ESC}]8;;${ESC}\\b`)).toBe("alinkb");
        expect(shown(`a${ESC}Pq#0;2;0${ESC}\\b${ESC}(Bc${ESC}7${ESC}cd`)).toBe("abcd");
        expect(shown(`a${ESC}]52;c;unfinished`)).toBe("a");
    });

    it("shows control characters as marks", () => {
        expect(shown("a\u0000b\rc\u0007d\u007fe\u0085f\ng")).toBe("a\\0b\\rc\\x07d\\x7Fe\\x85f↵g");
        expect(shown(`end${ESC}`)).toBe("end\\e");
        expect(parseAnsi("a\rb").map((piece) => piece.mark)).toEqual([false, true, false]);
    });

    it("shows bidirectional and invisible characters as marks", () => {
        expect(shown("a\u202Eb\u2066c\u200Bd\uFEFFe")).toBe("a\\u{202E}b\\u{2066}c\\u{200B}d\\u{FEFF}e");
        expect(shown("tag\u{E0041}")).toBe("tag\\u{E0041}");
        expect(shown("half \uD83D pair")).toBe("half \\u{D83D} pair");
    });

    it("leaves nothing unsafe, whatever comes", () => {
        let state = 5;
        const next = (max: number): number => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            return state % max;
        };
        const parts = [ESC, "[", "]", "\u009d", "m", "31", ";", "\u0007", "\\", "P", "x", "\u202e", "\r", "é", "😀", "\ud83d"];
        for (let i = 0; i < 20000; i += 1) {
            const text = Array.from({ length: next(12) }, () => parts[next(parts.length)]).join("");
            expect(shown(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
        }
    });

    it("keeps letters, combining marks and emoji as they are", () => {
        for (const text of ["Größe", "東京", "ñ n\u0303", "👩\u200d🚀 ok", "שלום", "هلا", "क्षि"])
            expect(shown(text)).toBe(text);
    });

    it("turns tabs into spaces up to the next multiple of eight", () => {
        expect(shown("\tx")).toBe(`${" ".repeat(8)}x`);
        expect(shown("abc\tx")).toBe("abc     x");
        expect(shown(`${ESC}[1mabcdefgh\tx`)).toBe(`abcdefgh${" ".repeat(8)}x`);
    });

    it("takes linear time for a long line of openings", () => {
        const start = performance.now();
        shown(`${ESC}]`.repeat(30000));
        shown(`${ESC}[`.repeat(30000));
        shown("\t".repeat(60000));
        expect(performance.now() - start).toBeLessThan(2000);
    });
});

describe("cells and wrapping", () => {
    it("counts columns", () => {
        expect(cellsOf("abc")).toBe(3);
        expect(cellsOf("東京")).toBe(4);
        expect(cellsOf("n\u0303")).toBe(1);
        expect(cellsOfMessage(`${ESC}[31mred${ESC}[0m`)).toBe(3);
    });

    it("cuts into lines as long as the columns say and loses nothing", () => {
        const pieces = parseAnsi(`abcdefghij${ESC}[31mklmno${ESC}[0mpq`);
        const lines = wrapPieces(pieces, 4, 99).map((line) => line.map((p) => p.text).join(""));
        expect(lines).toEqual(["abcd", "efgh", "ijkl", "mnop", "q"]);
        expect(wrapPieces(pieces, 4, 2)).toHaveLength(2);
        expect(wrapPieces([], 4, 2)).toEqual([[]]);
    });

    it("makes as many lines as the columns need, also with wide characters", () => {
        for (const text of ["東京東京東京", "a東京東京", "abcdefgh", "x".repeat(41)]) {
            const lines = wrapPieces(parseAnsi(text), 4, 99).length;
            expect(lines).toBeLessThanOrEqual(Math.ceil(cellsOf(text) / 4));
        }
    });
});

describe("markHits", () => {
    it("marks across pieces", () => {
        const pieces = markHits(parseAnsi(`a er${ESC}[31mror, err`), /err/gi);
        expect(pieces.map((piece) => [piece.text, piece.hit])).toEqual([
            ["a ", false],
            ["er", true],
            ["r", true],
            ["or, ", false],
            ["err", true],
        ]);
    });

    it("marks neighbours and leaves the rest alone", () => {
        const pieces = markHits(parseAnsi("aab"), /a/g);
        expect(pieces.map((piece) => [piece.text, piece.hit])).toEqual([
            ["a", true],
            ["a", true],
            ["b", false],
        ]);
        const plain = parseAnsi("xyz");
        expect(markHits(plain, /a/g)).toBe(plain);
    });

    it("gives a mark away when the search is for what it stands for", () => {
        expect(stripEscapes(`${ESC}[31mcon${ESC}[0mnection`)).toBe("connection");
    });
});

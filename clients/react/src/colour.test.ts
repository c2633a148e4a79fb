// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { AA, AAA, BACKGROUND, FOREGROUND, contrast, paintFor, readable, THEMES, type Rgb, type Theme } from "./colour.js";
import { RGB, type Style } from "./ansi.js";
import css from "./styles.css?raw";

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

function rgbOf(css: string): Rgb {
    const hex = /^#(..)(..)(..)$/.exec(css);
    const parts = hex ? hex.slice(1).map((n) => parseInt(n, 16)) : css.match(/\d+/g)?.map(Number);
    return parts as unknown as Rgb;
}

/** The custom colours of one theme in styles.css. */
function themeColours(theme: Theme): Record<string, string> {
    const block = css.split(theme === "dark" ? ".lm {" : `.lm[data-theme="${theme}"] {`)[1] as string;
    const pairs = (block.split("}")[0] as string).matchAll(/--lm-([\w-]+): (#\w{6});/g);
    return Object.fromEntries([...pairs].map((pair) => [pair[1], pair[2]]));
}

describe.each(THEMES)("colours of the %s theme", (theme) => {
    const colours = themeColours(theme);
    const least = theme === "contrast" ? AAA : AA;
    const on = (ink: string, paper: string): number =>
        contrast(rgbOf(colours[ink] as string), rgbOf(colours[paper] as string));

    it("are those that ANSI colours are fitted to", () => {
        expect(rgbOf(colours.bg as string)).toEqual(BACKGROUND[theme]);
        expect(rgbOf(colours.text as string)).toEqual(FOREGROUND[theme]);
    });

    it("keep text readable on everything it stands on", () => {
        const inks = ["text", "muted", "accent", "live", "notice"];
        for (let i = 0; i < 8; i += 1) inks.push(`hue-${i}`);
        for (const level of ["trace", "debug", "info", "warn", "error", "fatal"])
            inks.push(`l-${level}`);
        for (const ink of inks)
            for (const paper of ["bg", "raised", "hover"])
                expect(on(ink, paper), `${ink} on ${paper}`).toBeGreaterThanOrEqual(least);
        for (const kind of ["error", "fatal", "notice"])
            for (const ink of ["muted", kind === "notice" ? kind : `l-${kind}`])
                expect(on(ink, `wash-${kind}`), `${ink} on its wash`).toBeGreaterThanOrEqual(least);
        expect(on("on-accent", "accent")).toBeGreaterThanOrEqual(least);
        expect(on("hit-text", "hit")).toBeGreaterThanOrEqual(least);
    });

    it("make every colour a program can choose readable", () => {
        const names = ["bg", "raised", "hover", "wash-error", "wash-fatal", "wash-notice"];
        const papers = names.map((name) => rgbOf(colours[name] as string));
        for (let i = 0; i < 4096; i += 1) {
            const fg = RGB | ((i >> 8) * 0x110000) | (((i >> 4) & 15) * 0x1100) | ((i & 15) * 0x11);
            const ink = rgbOf(paintFor({ ...PLAIN, fg }, theme).color as string);
            for (const paper of papers) expect(contrast(ink, paper)).toBeGreaterThanOrEqual(least);
        }
        for (let fg = 0; fg < 16; fg += 1)
            for (let bg = 0; bg < 16; bg += 1)
                for (const inverse of [false, true]) {
                    const paint = paintFor({ ...PLAIN, fg, bg, inverse, dim: true }, theme);
                    const ink = rgbOf(paint.color as string);
                    expect(contrast(ink, rgbOf(paint.backgroundColor as string))).toBeGreaterThanOrEqual(AA);
                }
    });
});

describe("readable", () => {
    it("leaves a colour that is readable already", () => {
        expect(readable([200, 200, 200], [0, 0, 0])).toEqual([200, 200, 200]);
    });
});

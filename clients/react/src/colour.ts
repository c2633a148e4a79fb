// SPDX-License-Identifier: MIT
//
// Colours that a program chose for a black terminal, made readable on our background: hue is kept,
// lightness moves until the contrast reaches what WCAG AA asks for (4.5 to 1).

import { RGB, type Colour, type Style } from "./ansi.js";

export const THEMES = ["dark", "light", "contrast"] as const;
export type Theme = (typeof THEMES)[number];
export type Rgb = readonly [number, number, number];

export const BACKGROUND: Record<Theme, Rgb> = {
    dark: [15, 18, 20],
    light: [251, 250, 247],
    contrast: [0, 0, 0],
};
/** What rows stand on where it is hardest to read: below the pointer, or the wash of a fatal line. */
const HARDEST: Record<Theme, Rgb> = { dark: [25, 30, 33], light: [250, 228, 238], contrast: [31, 31, 31] };
export const FOREGROUND: Record<Theme, Rgb> = {
    dark: [211, 216, 219],
    light: [35, 39, 42],
    contrast: [255, 255, 255],
};
export const AA = 4.5;
export const AAA = 7;

const PALETTE: readonly Rgb[] = [
    [88, 96, 105],
    [236, 97, 90],
    [104, 184, 110],
    [222, 175, 71],
    [96, 156, 240],
    [197, 130, 222],
    [78, 186, 196],
    [200, 205, 210],
    [130, 139, 148],
    [255, 128, 120],
    [134, 214, 140],
    [246, 205, 104],
    [130, 182, 255],
    [222, 160, 245],
    [110, 216, 224],
    [242, 244, 246],
];

function luminance(colour: Rgb): number {
    const [r, g, b] = colour.map((n) => {
        const c = n / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
    return (high + 0.05) / (low + 0.05);
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
    const blend = (i: 0 | 1 | 2): number => Math.round(a[i] + (b[i] - a[i]) * share);
    return [blend(0), blend(1), blend(2)];
}

/** `colour` moved towards black or white as little as makes it readable on `background`. */
export function readable(colour: Rgb, background: Rgb, least = AA): Rgb {
    const white: Rgb = [255, 255, 255];
    const black: Rgb = [0, 0, 0];
    const goal = contrast(white, background) > contrast(black, background) ? white : black;
    for (let share = 0; share < 1; share += 0.05) {
        const candidate = mix(colour, goal, share);
        if (contrast(candidate, background) >= least) return candidate;
    }
    return goal;
}

function rgbOf(colour: Colour): Rgb {
    if ((colour & RGB) === 0) return PALETTE[colour] as Rgb;
    return [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
}

const css = (c: Rgb): string => `rgb(${c[0]} ${c[1]} ${c[2]})`;

export interface Paint {
    color?: string;
    backgroundColor?: string;
    fontWeight?: number;
    fontStyle?: string;
    textDecoration?: string;
}

function paintOf(style: Style, theme: Theme): Paint {
    const fg = style.fg === null ? null : rgbOf(style.fg);
    const bg = style.bg === null ? null : rgbOf(style.bg);
    const ink = style.inverse ? (bg ?? BACKGROUND[theme]) : fg;
    const paper = style.inverse ? (fg ?? FOREGROUND[theme]) : bg;
    const on = paper ?? HARDEST[theme];
    const wanted = ink ?? FOREGROUND[theme];
    const paint: Paint = {};
    if (ink || paper || style.dim)
        paint.color = css(readable(style.dim ? mix(wanted, on, 0.35) : wanted, on, theme === "contrast" ? AAA : AA));
    if (paper) paint.backgroundColor = css(paper);
    if (style.bold) paint.fontWeight = 650;
    if (style.italic) paint.fontStyle = "italic";
    const lines = [style.underline && "underline", style.strike && "line-through"].filter(Boolean);
    if (lines.length > 0) paint.textDecoration = lines.join(" ");
    return paint;
}

const known: Record<Theme, Map<string, Paint>> = {
    dark: new Map(),
    light: new Map(),
    contrast: new Map(),
};

/** The CSS of a style. The answers are kept, as programs use the same few styles all day. */
export function paintFor(style: Style, theme: Theme): Paint {
    const key = Object.values(style).join();
    const cache = known[theme];
    let paint = cache.get(key);
    if (!paint) {
        if (cache.size > 2000) cache.clear();
        paint = paintOf(style, theme);
        cache.set(key, paint);
    }
    return paint;
}

// SPDX-License-Identifier: MIT
//
// Numbers and times as text. Own code for times: a browser's formatter costs more than a row.

const two = (n: number): string => String(n).padStart(2, "0");

/** 12:34:56.789, or without the milliseconds. */
export function clock(ms: number, utc: boolean, short = false): string {
    if (Number.isNaN(ms)) return short ? "--:--:--" : "--:--:--.---";
    const d = new Date(ms);
    const time = utc
        ? `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`
        : `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
    return short ? time : `${time}.${String(d.getUTCMilliseconds()).padStart(3, "0")}`;
}

/** What has passed since the row before: +0.012, +1:02.500; nothing when that is not known. */
export function elapsed(ms: number): string {
    if (Number.isNaN(ms)) return "";
    const size = Math.abs(ms);
    const minutes = Math.floor(size / 60_000);
    const seconds = ((size % 60_000) / 1000).toFixed(3);
    const text = minutes > 0 ? `${minutes}:${seconds.padStart(6, "0")}` : seconds;
    return `${ms < 0 ? "−" : "+"}${text}`;
}

/** 2024-05-06 12:34:56.789 +02:00 */
export function fullTime(ms: number): string {
    const d = new Date(ms);
    const offset = -d.getTimezoneOffset();
    const size = Math.abs(offset);
    const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
    const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
    return `${date} ${clock(ms, false)} ${zone}`;
}

/** 2024-05-06 12:34:56.789, or without the milliseconds. */
export function dayAndClock(ms: number, utc: boolean, short = false): string {
    if (Number.isNaN(ms)) return clock(ms, utc, short);
    const shifted = utc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000;
    return `${new Date(shifted).toISOString().slice(0, 10)} ${clock(ms, utc, short)}`;
}

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (n: number): string => grouped.format(n);

export function plural(n: number, one: string, many = `${one}s`): string {
    return `${count(n)} ${n === 1 ? one : many}`;
}

const HUES = 8;

/** The class of a name's colour, always the same one. */
export function hueClass(name: string): string {
    let hash = 2166136261;
    for (let i = 0; i < name.length; i += 1)
        hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
    return `hue-${((hash ^ (hash >>> 15)) >>> 0) % HUES}`;
}

const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** 12K, 3.4M: where a rough number is enough. */
export const compact = (n: number): string => short.format(n);

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 1.5 MB, in powers of 1000. */
export function bytes(n: number): string {
    let unit = 0;
    let rest = n;
    for (; rest >= 1000 && unit < UNITS.length - 1; unit += 1) rest /= 1000;
    return `${rest >= 100 || unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${UNITS[unit]}`;
}

/** 3 d 4 h, 5 min 10 s, 12 s */
export function duration(ms: number): string {
    const seconds = Math.floor(ms / 1000);
    const parts = [
        [Math.floor(seconds / 86400), "d"],
        [Math.floor(seconds / 3600) % 24, "h"],
        [Math.floor(seconds / 60) % 60, "min"],
        [seconds % 60, "s"],
    ] as const;
    const first = parts.findIndex(([n]) => n > 0);
    if (first < 0) return "0 s";
    return parts
        .slice(first, first + 2)
        .filter(([n]) => n > 0)
        .map(([n, unit]) => `${n} ${unit}`)
        .join(" ");
}

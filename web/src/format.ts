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

/** 2024-05-06 12:34:56.789 +02:00 */
export function fullTime(ms: number): string {
    const d = new Date(ms);
    const offset = -d.getTimezoneOffset();
    const size = Math.abs(offset);
    const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
    const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
    return `${date} ${clock(ms, false)} ${zone}`;
}

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (n: number): string => grouped.format(n);

export function plural(n: number, one: string, many = `${one}s`): string {
    return `${count(n)} ${n === 1 ? one : many}`;
}

/** One of `size` classes for a name, always the same one. */
export function hueOf(name: string, size: number): number {
    let hash = 2166136261;
    for (let i = 0; i < name.length; i += 1)
        hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
    return ((hash ^ (hash >>> 15)) >>> 0) % size;
}

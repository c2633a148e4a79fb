// SPDX-License-Identifier: MIT
//
// Times as people say them: "5m ago", "yesterday 17:30", "10:30", "2026-01-15 10:30", "monday 9:00",
// "yesterday evening".

const UNIT_MS: Record<string, number> = {
    s: 1000,
    sec: 1000,
    second: 1000,
    m: 60_000,
    min: 60_000,
    minute: 60_000,
    h: 3_600_000,
    hour: 3_600_000,
    d: 86_400_000,
    day: 86_400_000,
    w: 604_800_000,
    week: 604_800_000,
};
/** When a part of a day begins. */
const PARTS: Record<string, string> = { morning: "06:00", noon: "12:00", afternoon: "12:00", evening: "18:00", night: "22:00" };
const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** Null when it cannot be understood. Clock times are the reader's own, or UTC. */
export function timeFromWords(words: string, now: Date, utc = false): Date | null {
    const text = words.trim().toLowerCase().replace(/\s+/g, " ");
    if (text === "now") return new Date(now);
    return ago(text, now) ?? epoch(text) ?? calendar(withClock(text), now, utc);
}

/** "this evening" as "today 18:00". */
function withClock(text: string): string {
    const [, day = "", part = ""] = /^(?:(\S+) )?([a-z]+)$/.exec(text) ?? [];
    const clock = PARTS[part];
    return clock === undefined ? text : `${day === "this" ? "today" : day} ${clock}`.trim();
}

function ago(text: string, now: Date): Date | null {
    const found = /^-?(\d+(?:\.\d+)?) ?([a-z]+?)s?(?: ago)?$/.exec(text);
    const unit = found && UNIT_MS[found[2] as string];
    if (!found || !unit) return null;
    return new Date(now.getTime() - Number(found[1]) * unit);
}

function epoch(text: string): Date | null {
    if (!/^\d{10}(\d{3})?(\.\d+)?$/.test(text)) return null;
    const n = Number(text);
    return new Date(n < 1e11 ? n * 1000 : n);
}

function calendar(text: string, now: Date, utc: boolean): Date | null {
    const iso = /^(\d{4}-\d\d-\d\d)(?:[t ](.*))?$/.exec(text);
    if (iso) return at(iso[1] as string, iso[2] ?? "00:00", utc);
    const found = /^(?:(today|yesterday|[a-z]+day) ?)?(\d\d?(?::\d\d){1,2}(?:\.\d+)?)?$/.exec(text);
    if (!found || (!found[1] && !found[2])) return null;
    const day = dayOf(found[1] ?? "today", now, utc);
    return day === null ? null : at(day, found[2] ?? "00:00", utc);
}

/** YYYY-MM-DD of a day by its name: the latest one that is not in the future. */
function dayOf(name: string, now: Date, utc: boolean): string | null {
    const today = utc ? now.getUTCDay() : now.getDay();
    const wanted = DAYS.indexOf(name);
    const back = name === "today" ? 0 : name === "yesterday" ? 1 : wanted < 0 ? -1 : (today - wanted + 7) % 7;
    if (back < 0) return null;
    const day = new Date(now);
    if (utc) day.setUTCDate(day.getUTCDate() - back);
    else day.setDate(day.getDate() - back);
    const parts = utc
        ? [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()]
        : [day.getFullYear(), day.getMonth() + 1, day.getDate()];
    return parts.map((n, i) => String(n).padStart(i === 0 ? 4 : 2, "0")).join("-");
}

function at(day: string, clock: string, utc: boolean): Date | null {
    const found = /^(\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)?(z|[+-]\d\d:\d\d)?$/.exec(clock);
    if (!found) return null;
    const [, hour, minute, second = "00", fraction = "", zone = ""] = found;
    const text = `${day}T${(hour as string).padStart(2, "0")}:${minute}:${second}${fraction.slice(0, 4)}`;
    const time = new Date(text + (zone === "" ? (utc ? "Z" : "") : zone.toUpperCase()));
    return Number.isNaN(time.getTime()) ? null : time;
}

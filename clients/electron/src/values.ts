// SPDX-License-Identifier: MIT
//
// What the manager does with arguments and results.

import { CallError } from "./envelope.js";

/** Channel and arguments as a key, with the members of objects in one order. Null: they have cycles. */
export function keyOf(channel: string, args: unknown[], caller?: number): string | null {
    try {
        return `${channel}${caller === undefined ? "" : `@${caller}`}:${JSON.stringify(args, ordered)}`;
    } catch {
        return null;
    }
}

/** What JSON would make the same of different values, or would not write, is told apart. */
function ordered(this: unknown, name: string, value: unknown): unknown {
    const raw = (this as Record<string, unknown>)[name]; // before toJSON
    if (raw instanceof Date) return { "\u0000date": raw.getTime() };
    if (typeof value === "bigint") return { "\u0000bigint": String(value) };
    if (value === undefined) return { "\u0000undefined": 0 };
    if (typeof value === "number" && !Number.isFinite(value)) return { "\u0000number": String(value) };
    if (value instanceof Map || value instanceof Set) return { "\u0000": value.constructor.name, items: [...value] };
    if (value instanceof Error) return { "\u0000error": value.name, message: value.message };
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** About how many bytes a value takes. Null: it cannot be told. */
export function sizeOf(value: unknown): number | null {
    try {
        return JSON.stringify(value, plain)?.length ?? 0;
    } catch {
        return null;
    }
}

function plain(_: string, value: unknown): unknown {
    if (typeof value === "bigint") return String(value);
    return value instanceof Map || value instanceof Set ? [...value] : value;
}

export function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
    return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

export async function* toAsync(source: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<unknown> {
    yield* source;
}

/** A generator's items as one list, for handlers that are not streamable. */
export async function collected(result: unknown): Promise<unknown> {
    const value = await result;
    if (typeof value !== "object" || value === null || !(Symbol.asyncIterator in value)) return value;
    const items: unknown[] = [];
    for await (const item of value as AsyncIterable<unknown>) items.push(item);
    return items;
}

export async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new CallError("IPC_TIMEOUT", `no answer within ${ms} ms`)), ms);
    });
    try {
        return await Promise.race([work(), late]);
    } finally {
        clearTimeout(timer);
    }
}

/** Like within(), but the time begins anew whenever the work says that it goes on. */
export async function withProgress<T>(ms: number, work: (progress: () => void) => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = performance.now();
    const late = new Promise<never>((_, reject) => {
        const check = (): void => {
            const left = last + ms - performance.now();
            if (left > 0) timer = setTimeout(check, left);
            else reject(new CallError("IPC_TIMEOUT", `no progress for ${ms} ms`));
        };
        timer = setTimeout(check, ms);
    });
    try {
        return await Promise.race([work(() => (last = performance.now())), late]);
    } finally {
        clearTimeout(timer);
    }
}

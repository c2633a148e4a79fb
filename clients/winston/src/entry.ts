// SPDX-License-Identifier: MIT
//
// From what Winston hands over to an entry that can be kept, sent and written as JSON. Nothing that a
// program logs beside its message may cost the message: a member that JSON cannot say becomes text.

import { inspect } from "node:util";

// As in npm triple-beam: what the logger and its format say, whatever a format did to the members.
const LEVEL = Symbol.for("level");
const MESSAGE = Symbol.for("message");

export interface LogEntry {
    level: string;
    message: string;
    timestamp: string;
    [member: string]: unknown;
}

export interface Info {
    level: string;
    message: unknown;
    [member: string | symbol]: unknown;
}

export function entryOf(info: Info): LogEntry {
    const { level, message, timestamp } = info;
    const members = Object.entries(info).map(([name, value]) => [name, typeof value === "object" ? sayable(value) : plain(value)] as const);
    return {
        ...Object.fromEntries(members),
        level: String(info[LEVEL] ?? level),
        message: typeof message === "string" ? message : String(info[MESSAGE] ?? inspect(message)),
        timestamp: typeof timestamp === "string" ? timestamp : new Date().toISOString(),
    };
}

function plain(value: unknown): unknown {
    return typeof value === "bigint" || typeof value === "symbol" ? String(value) : value;
}

function sayable(value: object | null): unknown {
    if (value instanceof Error) return { ...(sayable({ ...value }) as object), name: value.name, message: value.message, stack: value.stack };
    try {
        JSON.stringify(value);
        return value;
    } catch {
        return inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 }); // cycles, BigInt
    }
}

// SPDX-License-Identifier: MIT
//
// JavaScript values as JSON text and attachments, and back (docs/ipc-protocol.md, "Values that JSON
// does not have"): Date, BigInt, Map, Set, Error, typed arrays and the odd numbers survive the way.
// What cannot be written (functions, symbols, cycles) is an error before anything is sent.

const ATTACHMENTS_MAX = 64;

export interface Encoded {
    json: string;
    attachments: Uint8Array[];
}

type Tagged = Record<string, unknown>;
type TypedArrayClass = new (buffer: ArrayBuffer) => ArrayBufferView;

const ARRAYS: Record<string, TypedArrayClass> = {
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
};

const nodeBuffer = (globalThis as { Buffer?: { from(bytes: ArrayBuffer): Uint8Array } }).Buffer;

/** Throws a TypeError that names the place of what cannot be sent. */
export function encodeValue(value: unknown): Encoded {
    const encoder = new Encoder();
    const plain = encoder.plain(value, "the value");
    return { json: plain === undefined ? "" : JSON.stringify(plain), attachments: encoder.attachments };
}

export function decodeValue(json: string, attachments: readonly Uint8Array[]): unknown {
    return json === "" ? null : revive(JSON.parse(json), attachments);
}

class Encoder {
    readonly attachments: Uint8Array[] = [];
    private readonly open = new Set<object>();

    plain(value: unknown, path: string): unknown {
        switch (typeof value) {
            case "string":
            case "boolean":
            case "undefined":
                return value;
            case "number":
                return plainNumber(value);
            case "bigint":
                return { $bigint: String(value) };
            case "object":
                return value === null ? null : this.nested(value, path);
            default:
                throw new TypeError(`${path} is a ${typeof value}, which cannot be sent`);
        }
    }

    private nested(value: object, path: string): unknown {
        if (this.open.has(value)) throw new TypeError(`${path} contains itself, which cannot be sent`);
        this.open.add(value);
        try {
            return this.object(value, path);
        } finally {
            this.open.delete(value);
        }
    }

    private object(value: object, path: string): unknown {
        if (Array.isArray(value)) return this.items(value, path);
        if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.getTime() };
        if (value instanceof Map)
            return { $map: [...value].map((pair, i) => this.items(pair, `${path}, entry ${i}`)) };
        if (value instanceof Set) return { $set: this.items([...value], path) };
        if (value instanceof Error) return { $error: this.members(errorMembers(value), path) };
        if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return this.bytes(value, path);
        if (typeof (value as { toJSON?: unknown }).toJSON === "function")
            return this.plain((value as { toJSON(): unknown }).toJSON(), path);
        const members = this.members(value as Tagged, path);
        const names = Object.keys(members);
        return names.length === 1 && names[0]?.startsWith("$") ? { $object: members } : members;
    }

    private items(values: readonly unknown[], path: string): unknown[] {
        return Array.from(values, (item, i) => this.plain(item, `${path}[${i}]`) ?? (item === null ? null : { $undefined: true }));
    }

    private members(value: Tagged, path: string): Tagged {
        const members: Tagged = {};
        for (const [name, member] of Object.entries(value)) {
            const plain = this.plain(member, `${path}.${name}`);
            if (plain !== undefined) Object.defineProperty(members, name, { value: plain, enumerable: true });
        }
        return members;
    }

    private bytes(value: ArrayBuffer | ArrayBufferView, path: string): Tagged {
        if (this.attachments.length === ATTACHMENTS_MAX)
            throw new TypeError(`${path} is one binary value more than the ${ATTACHMENTS_MAX} that a call may carry`);
        const isView = ArrayBuffer.isView(value);
        const bytes = isView ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
        this.attachments.push(bytes);
        return { $bytes: [typeName(value), this.attachments.length - 1] };
    }
}

function plainNumber(value: number): unknown {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value;
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
}

function typeName(value: ArrayBuffer | ArrayBufferView): string {
    if (value instanceof ArrayBuffer) return "ArrayBuffer";
    if (value.constructor.name === "Buffer") return "Buffer";
    return Object.keys(ARRAYS).find((name) => value instanceof (ARRAYS[name] as TypedArrayClass)) ?? "Uint8Array";
}

function errorMembers(error: Error): Tagged {
    const { name, message, stack, cause } = error;
    return { name, message, stack, code: (error as { code?: unknown }).code, cause };
}

function revive(value: unknown, attachments: readonly Uint8Array[]): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => revive(item, attachments));
    const names = Object.keys(value);
    const only = names.length === 1 ? (names[0] as string) : "";
    if (only.startsWith("$")) return reviveTagged(only, (value as Tagged)[only], attachments);
    return reviveMembers(value as Tagged, attachments);
}

function reviveMembers(value: Tagged, attachments: readonly Uint8Array[]): Tagged {
    const members: Tagged = {};
    for (const [name, member] of Object.entries(value))
        Object.defineProperty(members, name, {
            value: revive(member, attachments),
            enumerable: true,
            writable: true,
            configurable: true,
        });
    return members;
}

function reviveTagged(tag: string, inner: unknown, attachments: readonly Uint8Array[]): unknown {
    const items = (): unknown[] => (inner as unknown[]).map((item) => revive(item, attachments));
    switch (tag) {
        case "$date":
            return new Date(inner === null ? Number.NaN : (inner as number));
        case "$bigint":
            return BigInt(inner as string);
        case "$number":
            return Number(inner);
        case "$undefined":
            return undefined;
        case "$map":
            return new Map(items() as [unknown, unknown][]);
        case "$set":
            return new Set(items());
        case "$bytes":
            return reviveBytes(inner as [string, number], attachments);
        case "$error":
            return reviveError(reviveMembers(inner as Tagged, attachments));
        case "$object":
            return reviveMembers(inner as Tagged, attachments);
        default:
            return { [tag]: revive(inner, attachments) };
    }
}

function reviveBytes([type, index]: [string, number], attachments: readonly Uint8Array[]): unknown {
    const bytes = attachments[index];
    if (!bytes) throw new TypeError(`the answer refers to attachment ${index}, which it does not have`);
    const copy = bytes.slice();
    if (type === "ArrayBuffer") return copy.buffer;
    if (type === "Buffer") return nodeBuffer?.from(copy.buffer) ?? copy;
    const array = ARRAYS[type];
    return array ? new array(copy.buffer) : copy;
}

function reviveError(members: Tagged): Error {
    const error = new Error(String(members.message ?? ""));
    for (const [name, value] of Object.entries(members))
        Object.defineProperty(error, name, { value, enumerable: false, writable: true, configurable: true });
    return error;
}

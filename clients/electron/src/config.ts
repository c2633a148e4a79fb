// SPDX-License-Identifier: MIT
//
// The settings of an app: values that windows may read, change within what is valid, and watch.

import { EventEmitter } from "node:events";
import { CallError } from "./envelope.js";

export type ConfigValues = Record<string, unknown>;

export interface ConfigOptions {
    /** Every setting there is, with its first value. */
    values: ConfigValues;
    /** True, or the reason why not. Without it a value must be of the same type as the one before. */
    validate?: (key: string, value: unknown) => boolean | string;
    /** Called with all values after each change, to keep them. What it throws is the answer to set(). */
    save?: (values: ConfigValues) => void | Promise<void>;
}

/** Emits `change` with key and value. */
export class AppConfig extends EventEmitter {
    private values: ConfigValues;

    constructor(private readonly options: ConfigOptions) {
        super();
        this.values = { ...options.values };
    }

    get(): ConfigValues;
    get(key: string): unknown;
    get(key?: string): unknown {
        if (key === undefined) return { ...this.values };
        this.check(key);
        return this.values[key];
    }

    async set(key: string, value: unknown): Promise<unknown> {
        this.check(key);
        const { validate = this.sameType } = this.options;
        const verdict = validate(key, value);
        if (verdict !== true) throw new CallError("IPC_VALIDATION_ERROR", verdict === false ? `${key} cannot be ${String(value)}` : verdict, { key });
        const values = { ...this.values, [key]: value };
        await this.options.save?.(values);
        this.values = values;
        this.emit("change", key, value);
        return value;
    }

    private check(key: string): void {
        if (!Object.hasOwn(this.values, key)) throw new CallError("IPC_VALIDATION_ERROR", `there is no setting ${String(key)}`, { key });
    }

    private readonly sameType = (key: string, value: unknown): boolean | string => {
        const wanted = typeof this.values[key];
        return typeof value === wanted || `${key} must be a ${wanted}`;
    };
}

// SPDX-License-Identifier: MIT
//
// What every call is answered with, and errors with a code.

import type { Envelope, IpcCode } from "@logmill/client";

export type { Envelope, IpcCode };

/** A failure that a handler, or the manager, gives a code. */
export class CallError extends Error {
    override readonly name = "CallError";
    constructor(
        readonly code: IpcCode,
        message: string,
        readonly details?: unknown,
    ) {
        super(message);
    }
}

export interface Marks {
    cached?: boolean;
    batched?: boolean;
}

export function success<T>(data: T, requestId: string, started: number, marks: Marks = {}): Envelope<T> {
    return { success: true, data, metadata: metadata(requestId, started, marks) };
}

export function failure(error: unknown, requestId: string, started: number, marks: Marks = {}): Envelope<never> {
    const known = error instanceof CallError;
    const code: IpcCode = known ? error.code : "IPC_HANDLER_ERROR";
    const message = error instanceof Error ? error.message : String(error);
    const details = known ? error.details : (error as { details?: unknown } | null)?.details;
    return {
        success: false,
        error: { code, message, ...(details !== undefined && { details }) },
        metadata: metadata(requestId, started, marks),
    };
}

function metadata(requestId: string, started: number, { cached = false, batched = false }: Marks): Envelope<never>["metadata"] {
    return { executionTime: performance.now() - started, cached, batched, requestId };
}

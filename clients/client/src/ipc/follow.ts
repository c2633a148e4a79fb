// SPDX-License-Identifier: MIT
//
// Records over IPC that go on across lost connections: the subscription is made again behind the last
// record, so each comes once.

import type { LogFilter, LogMessage, Notice } from "../types.js";
import { filterParams } from "../params.js";
import type { IpcClient } from "./client.js";

export interface FollowOptions extends LogFilter {
    tail?: number;
    after?: string | number;
    signal?: AbortSignal;
}

/** Records and notices, until the loop is left or the signal comes. */
export async function* followLogs(client: IpcClient, options: FollowOptions = {}): AsyncGenerator<LogMessage | Notice> {
    const { tail, signal } = options;
    let after = options.after === undefined ? undefined : String(options.after);
    while (!signal?.aborted) {
        const args = { ...filterParams(options), ...(after !== undefined ? { after } : tail !== undefined ? { tail } : {}) };
        try {
            for await (const { data } of client.stream<(LogMessage | Notice)[]>("logs:subscribe", args, signal ? { signal } : {}))
                for (const item of data) {
                    const cursor = placeOf(item, after);
                    if (cursor !== undefined) after = cursor;
                    if ((item.type as string | undefined) !== "subscribed") yield item;
                }
        } catch (error) {
            if (signal?.aborted || (error as { code?: string }).code !== "IPC_DISCONNECTED" || client.isClosed) throw error;
        }
    }
}

/** Where to go on behind this item. */
function placeOf(item: LogMessage | Notice, before: string | undefined): string | undefined {
    const { cursor } = item as { cursor?: unknown };
    if (typeof cursor === "string") return cursor;
    if (item.type !== undefined) return undefined;
    const epoch = before?.includes(".") ? before.slice(0, before.lastIndexOf(".")) : "";
    return epoch === "" ? String((item as LogMessage).id) : `${epoch}.${(item as LogMessage).id}`;
}

// SPDX-License-Identifier: MIT
//
// A hub that a page reaches through its preload script alone: fetch() over window.electronAPI of
// @logmill/electron, for reading logs. The first item of the stream that answers is the response's head, the
// others are pieces of its body; the next is sent when the page has taken one.

import type { Envelope } from "./ipc/client.js";
import { LogStreamingService } from "./service.js";

interface Chunk {
    data: unknown[];
    isLast: boolean;
}

/** What of electronAPI is needed here. */
export interface Bridge {
    call(channel: "logs:read", path: string): Promise<Envelope<unknown>>;
    streaming: {
        onChunk(streamId: string, callback: (chunk: Chunk) => void | Promise<void>): void;
        onError(streamId: string, callback: (error: { message: string }) => void): void;
        cancel(streamId: string): void;
    };
}

interface Head {
    status: number;
    headers: Record<string, string>;
}

/** electronAPI, where this page has one; else null. */
export function findBridge(): Bridge | null {
    const found = (globalThis as { electronAPI?: Partial<Bridge> }).electronAPI;
    return typeof found?.call === "function" && typeof found.streaming?.onChunk === "function" ? (found as Bridge) : null;
}

/** A service whose hub is behind the bridge: streams, history, downloads. */
export function bridgeService(bridge: Bridge): LogStreamingService {
    return new LogStreamingService("http://bridge.invalid", { fetch: bridgeFetch(bridge), transport: "sse" });
}

/** fetch() over the bridge: GET, of an address only path and query count. */
export function bridgeFetch(bridge: Bridge): typeof fetch {
    return async (input, init = {}) => {
        const { pathname, search } = new URL(input instanceof Request ? input.url : input);
        const answer = await bridge.call("logs:read", pathname + search);
        if (!answer.success) throw new Error(answer.error.message);
        return open(bridge.streaming, String(answer.data), init.signal ?? null);
    };
}

function open(streaming: Bridge["streaming"], id: string, signal: AbortSignal | null): Promise<Response> {
    let wanted = (): void => undefined; // the reader has taken what there was
    let ended = false;
    return new Promise((resolve, reject) => {
        const body = new ReadableStream<Uint8Array>({
            pull: () => wanted(),
            cancel: () => {
                ended = true;
                streaming.cancel(id);
            },
            start: (controller) => {
                const encoder = new TextEncoder();
                const fail = (error: Error): void => {
                    if (ended) return;
                    ended = true;
                    reject(error);
                    controller.error(error);
                    wanted();
                };
                const abort = (): void => {
                    streaming.cancel(id);
                    fail(new DOMException("the request was aborted", "AbortError"));
                };
                if (signal?.aborted) return abort();
                signal?.addEventListener("abort", abort, { once: true });
                streaming.onError(id, ({ message }) => fail(new Error(message)));
                let head: Head | null = null;
                streaming.onChunk(id, ({ data, isLast }) => {
                    if (ended) return;
                    for (const item of data) {
                        if (head) controller.enqueue(encoder.encode(item as string));
                        else resolve(new Response(body, (head = item as Head)));
                    }
                    if (isLast) {
                        ended = true;
                        signal?.removeEventListener("abort", abort);
                        controller.close();
                    } else if ((controller.desiredSize ?? 0) <= 0) return new Promise((done) => (wanted = done));
                });
            },
        });
    });
}

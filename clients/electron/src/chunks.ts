// SPDX-License-Identifier: MIT
//
// The window's end of streams: chunks go to the page's listeners and are confirmed, so that the main
// process sends the next.

import type { IpcRendererLike } from "./electron_types.js";
import type { StreamChunk } from "./streaming.js";

export interface StreamingAPI {
    /** What was held comes now. Several listeners of a stream all hear. Further chunks wait for promises they return. */
    onChunk(streamId: string, callback: (chunk: StreamChunk) => void | Promise<void>): void;
    onError(streamId: string, callback: (error: { code: string; message: string }) => void): void;
    /** Also ends the stream, if it has not ended. */
    removeStreamListeners(streamId: string): void;
    cancel(streamId: string): void;
}

interface Listeners {
    chunk: ((chunk: StreamChunk) => void | Promise<void>)[];
    error: ((error: { code: string; message: string }) => void)[];
}

export function createStreaming(ipcRenderer: IpcRendererLike): StreamingAPI {
    const streams = new Map<string, Listeners>();
    const listenersOf = (id: string): Listeners => {
        const known = streams.get(id) ?? { chunk: [], error: [] };
        streams.set(id, known);
        return known;
    };
    ipcRenderer.on("logmill:chunk", (_, id: string, chunk: StreamChunk) => {
        const taken = [...(streams.get(id)?.chunk ?? [])].map((listener) => guard(() => listener(chunk)));
        if (chunk.isLast) streams.delete(id);
        else void Promise.allSettled(taken).then(() => ipcRenderer.send("logmill:stream-taken", id));
    });
    ipcRenderer.on("logmill:stream-error", (_, id: string, error: { code: string; message: string }) => {
        for (const listener of [...(streams.get(id)?.error ?? [])]) guard(() => listener(error));
        streams.delete(id);
    });
    const cancel = (id: string): void => {
        streams.delete(id);
        ipcRenderer.send("logmill:stream-cancel", id);
    };
    return {
        onChunk: (id, callback) => {
            listenersOf(id).chunk.push(callback);
            ipcRenderer.send("logmill:stream-listen", id);
        },
        onError: (id, callback) => void listenersOf(id).error.push(callback),
        removeStreamListeners: cancel,
        cancel,
    };
}

/** A listener of the page that throws must not keep the others from hearing. */
export function guard<T>(fn: () => T): T | undefined {
    try {
        return fn();
    } catch (error) {
        console.error(error);
        return undefined;
    }
}

// SPDX-License-Identifier: MIT
//
// What a window gets: functions, never ipcRenderer itself. For a preload script:
//
//     const { contextBridge, ipcRenderer } = require("electron");
//     require("@logmill/electron/preload").expose(contextBridge, ipcRenderer);

import type { Envelope } from "@logmill/client";
import type { ContextBridgeLike, IpcRendererLike } from "./electron_types.js";
import type { AppRecord, LogEntryInput } from "./records.js";
import type { StreamChunk } from "./streaming.js";

export interface ElectronAPI {
    registerForLogs(campaignId?: string, userEmail?: string): Promise<void>;
    /** Returns how to stop. `dropped` counts records this window was too slow for, before this one. */
    onLogUpdate(callback: (record: AppRecord, dropped: number) => void): () => void;
    getLogs(campaignId: string, userEmail: string, limit?: number): Promise<AppRecord[]>;
    clearLogs(campaignId: string, userEmail: string): Promise<number>;
    getLogCount(campaignId: string, userEmail: string): Promise<number>;
    logFromRenderer(campaignId: string, userEmail: string, entry: LogEntryInput): Promise<void>;
    /** Any channel of the manager. */
    call(channel: string, ...args: unknown[]): Promise<Envelope<unknown>>;
    db: Record<"search" | "getPopular" | "getEntry" | "getMultipleEntries", (...args: unknown[]) => Promise<Envelope<unknown>>>;
    system: Record<"getInfo" | "getMetrics", () => Promise<Envelope<unknown>>>;
    config: Record<"get" | "set", (...args: unknown[]) => Promise<Envelope<unknown>>>;
    streaming: {
        onChunk(streamId: string, callback: (chunk: StreamChunk) => void): void;
        onError(streamId: string, callback: (error: { code: string; message: string }) => void): void;
        removeStreamListeners(streamId: string): void;
        cancel(streamId: string): void;
    };
}

interface StreamListeners {
    chunk: ((chunk: StreamChunk) => void)[];
    error: ((error: { code: string; message: string }) => void)[];
}

export function createElectronAPI(ipcRenderer: IpcRendererLike): ElectronAPI {
    const updates = new Set<(record: AppRecord, dropped: number) => void>();
    ipcRenderer.on("log-batch", (_, records: AppRecord[], dropped: number) => {
        records.forEach((record, i) => {
            for (const update of [...updates]) guard(() => update(record, i === 0 ? dropped : 0));
        });
        ipcRenderer.send("log-batch-taken");
    });
    ipcRenderer.on("logmill:debug", (_, line: string) => console.debug(line));
    const call = (channel: string, ...args: unknown[]): Promise<Envelope<unknown>> =>
        ipcRenderer.invoke("logmill:call", channel, args) as Promise<Envelope<unknown>>;
    const channel = (name: string) => (...args: unknown[]) => call(name, ...args);
    return {
        registerForLogs: (campaignId, userEmail) => ipcRenderer.invoke("register-for-logs", campaignId, userEmail) as Promise<void>,
        onLogUpdate: (callback) => {
            const update = (record: AppRecord, dropped: number): void => callback(record, dropped);
            updates.add(update);
            return () => void updates.delete(update);
        },
        getLogs: (c, u, limit = 1000) => ipcRenderer.invoke("get-logs", c, u, limit) as Promise<AppRecord[]>,
        clearLogs: (c, u) => ipcRenderer.invoke("clear-logs", c, u) as Promise<number>,
        getLogCount: (c, u) => ipcRenderer.invoke("get-log-count", c, u) as Promise<number>,
        logFromRenderer: (c, u, entry) => ipcRenderer.invoke("log-from-renderer", c, u, entry) as Promise<void>,
        call,
        db: {
            search: channel("db:search"),
            getPopular: channel("db:getPopular"),
            getEntry: channel("db:getEntry"),
            getMultipleEntries: channel("db:getMultipleEntries"),
        },
        system: { getInfo: channel("system:getInfo"), getMetrics: channel("system:getMetrics") },
        config: { get: channel("config:get"), set: channel("config:set") },
        streaming: createStreaming(ipcRenderer),
    };
}

function createStreaming(ipcRenderer: IpcRendererLike): ElectronAPI["streaming"] {
    const streams = new Map<string, StreamListeners>();
    const listenersOf = (id: string): StreamListeners => {
        const known = streams.get(id);
        if (known) return known;
        const made: StreamListeners = { chunk: [], error: [] };
        streams.set(id, made);
        return made;
    };
    ipcRenderer.on("logmill:chunk", (_, id: string, chunk: StreamChunk) => {
        for (const listener of [...(streams.get(id)?.chunk ?? [])]) guard(() => listener(chunk));
        ipcRenderer.send("logmill:stream-taken", id);
    });
    ipcRenderer.on("logmill:stream-error", (_, id: string, error: { code: string; message: string }) => {
        for (const listener of [...(streams.get(id)?.error ?? [])]) guard(() => listener(error));
    });
    return {
        onChunk: (id, callback) => {
            listenersOf(id).chunk.push(callback);
            ipcRenderer.send("logmill:stream-listen", id);
        },
        onError: (id, callback) => void listenersOf(id).error.push(callback),
        removeStreamListeners: (id) => {
            streams.delete(id);
            ipcRenderer.send("logmill:stream-cancel", id);
        },
        cancel: (id) => ipcRenderer.send("logmill:stream-cancel", id),
    };
}

/** A listener of the page that throws must not keep the others from hearing. */
function guard(fn: () => void): void {
    try {
        fn();
    } catch (error) {
        console.error(error);
    }
}

export function expose(contextBridge: ContextBridgeLike, ipcRenderer: IpcRendererLike): void {
    contextBridge.exposeInMainWorld("electronAPI", createElectronAPI(ipcRenderer));
}

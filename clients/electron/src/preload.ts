// SPDX-License-Identifier: MIT
//
// What a window gets: functions, never ipcRenderer itself. An app without a preload script of its own
// takes preload_script, which is this in one file; another one bundles it in:
//
//     import { contextBridge, ipcRenderer } from "electron";
//     import { expose } from "@logmill/electron/preload";
//     expose(contextBridge, ipcRenderer);

import type { Envelope } from "@logmill/client";
import type { Arguments, Channels, Result } from "./channels.js";
import { createStreaming, guard, type StreamingAPI } from "./chunks.js";
import type { ContextBridgeLike, IpcRendererLike } from "./electron_types.js";
import { Gatherer } from "./gather.js";
import type { ConfigValues, PopularAnswer, SearchQuery, SystemInfo, SystemMetrics } from "./ready.js";
import type { AppRecord, LogEntryInput } from "./records.js";

export type { AppRecord, Envelope, LogEntryInput, StreamingAPI };
export type { StreamChunk } from "./streaming.js";

type Answered<T> = Promise<Envelope<T>>;

export interface ElectronAPI<C extends Channels = Channels> {
    /** Shows this window records from now on: all, or those of a campaign and user. Twice is the same as once. */
    registerForLogs(campaignId?: string, userEmail?: string): Promise<void>;
    /** Returns how to stop. `dropped` counts records this window was too slow for, before this one. */
    onLogUpdate(callback: (record: AppRecord, dropped: number) => void): () => void;
    /** The newest, oldest first. Default 1,000. */
    getLogs(campaignId?: string, userEmail?: string, limit?: number): Promise<AppRecord[]>;
    /** How many there were. */
    clearLogs(campaignId: string, userEmail?: string): Promise<number>;
    getLogCount(campaignId?: string, userEmail?: string): Promise<number>;
    logFromRenderer(campaignId: string, userEmail: string, entry: LogEntryInput): Promise<void>;
    /** Any channel of the manager. Never rejects. */
    call<K extends keyof C & string>(channel: K, ...args: Arguments<C, K>): Answered<Result<C, K>>;
    db: {
        search(query?: string | SearchQuery, limit?: number): Answered<AppRecord[]>;
        getPopular(limit?: number, query?: SearchQuery): Answered<PopularAnswer[] | string>;
        getEntry(id: number): Answered<AppRecord>;
        getMultipleEntries(ids: number[]): Answered<(AppRecord | null)[]>;
    };
    system: { getInfo(): Answered<SystemInfo>; getMetrics(): Answered<SystemMetrics> };
    config: {
        get(): Answered<ConfigValues>;
        get(key: string): Answered<unknown>;
        set(key: string, value: unknown): Answered<unknown>;
        /** Returns how to stop. */
        onChange(callback: (key: string, value: unknown) => void): () => void;
    };
    streaming: StreamingAPI;
}

export function createElectronAPI(ipcRenderer: IpcRendererLike): ElectronAPI {
    const calls = new Gatherer(ipcRenderer);
    const invoke = <T>(channel: string, ...args: unknown[]): Promise<T> => ipcRenderer.invoke(channel, ...args) as Promise<T>;
    const channel =
        <T>(name: string) =>
        (...args: unknown[]) =>
            calls.call(name, args) as Answered<T>;
    ipcRenderer.on("logmill:debug", (_, line: string) => console.debug(line));
    return {
        registerForLogs: (c, u) => invoke("register-for-logs", c, u),
        onLogUpdate: createUpdates(ipcRenderer),
        getLogs: (c, u, limit = 1000) => invoke("get-logs", c, u, limit),
        clearLogs: (c, u) => invoke("clear-logs", c, u),
        getLogCount: (c, u) => invoke("get-log-count", c, u),
        logFromRenderer: (c, u, entry) => invoke("log-from-renderer", c, u, entry),
        call: (name, ...args) => calls.call(name, args) as Answered<never>,
        db: {
            search: channel("db:search"),
            getPopular: channel("db:getPopular"),
            getEntry: channel("db:getEntry"),
            getMultipleEntries: channel("db:getMultipleEntries"),
        },
        system: { getInfo: channel("system:getInfo"), getMetrics: channel("system:getMetrics") },
        config: { get: channel<never>("config:get"), set: channel("config:set"), onChange: createChanges(ipcRenderer, calls) },
        streaming: createStreaming(ipcRenderer),
    };
}

/** Puts the functions where the page finds them: window.electronAPI. */
export function expose(contextBridge: ContextBridgeLike, ipcRenderer: IpcRendererLike): void {
    contextBridge.exposeInMainWorld("electronAPI", createElectronAPI(ipcRenderer));
}

function createUpdates(ipcRenderer: IpcRendererLike): ElectronAPI["onLogUpdate"] {
    const updates = new Listeners<[AppRecord, number]>();
    ipcRenderer.on("log-batch", (_, records: AppRecord[], dropped: number) => {
        records.forEach((record, i) => updates.tell(record, i === 0 ? dropped : 0));
        ipcRenderer.send("log-batch-taken");
    });
    return (callback) => updates.add(callback);
}

function createChanges(ipcRenderer: IpcRendererLike, calls: Gatherer): ElectronAPI["config"]["onChange"] {
    const changes = new Listeners<[string, unknown]>();
    ipcRenderer.on("logmill:config", (_, key: string, value: unknown) => changes.tell(key, value));
    return (callback) => {
        void calls.call("config:watch", []);
        return changes.add(callback);
    };
}

class Listeners<A extends unknown[]> {
    private readonly all = new Set<(...args: A) => void>();

    /** The same function twice hears twice. */
    add(callback: (...args: A) => void): () => void {
        const listener = (...args: A): void => callback(...args);
        this.all.add(listener);
        return () => void this.all.delete(listener);
    }

    tell(...args: A): void {
        for (const listener of [...this.all]) guard(() => listener(...args));
    }
}

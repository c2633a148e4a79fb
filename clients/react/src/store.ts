// SPDX-License-Identifier: MIT
//
// A small store of recent records for pages that draw them themselves: the newest `max`, oldest
// first, as one immutable array.

import { useSyncExternalStore } from "react";
import type { LogMessage } from "@logmill/client";

export interface LogStore {
    addLog(log: LogMessage): void;
    /** Several at once: one notification. */
    addLogs(logs: readonly LogMessage[]): void;
    setLogs(logs: readonly LogMessage[]): void;
    clear(): void;
    getLogs(): readonly LogMessage[];
    subscribe(listener: () => void): () => void;
}

export function createLogStore(max = 1000): LogStore {
    let logs: readonly LogMessage[] = [];
    const listeners = new Set<() => void>();
    const set = (next: readonly LogMessage[]): void => {
        logs = next.length > max ? next.slice(-max) : next;
        for (const listener of listeners) listener();
    };
    return {
        addLog: (log) => set([...logs.slice(-max + 1), log]),
        addLogs: (more) => set([...logs, ...more]),
        setLogs: (next) => set([...next]),
        clear: () => set([]),
        getLogs: () => logs,
        subscribe: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}

/** The records of a store; draws again when they change. */
export function useLogs(store: LogStore): readonly LogMessage[] {
    return useSyncExternalStore(store.subscribe, store.getLogs, store.getLogs);
}

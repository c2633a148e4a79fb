// SPDX-License-Identifier: MIT
//
// The thinnest way to tell React that something outside of it has changed.

import { useSyncExternalStore } from "react";

export class Signal {
    private version = 0;
    private readonly listeners = new Set<() => void>();

    fire(): void {
        this.version += 1;
        for (const listener of this.listeners) listener();
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    readonly read = (): number => this.version;
}

/** Draws the component again whenever the signal fires. */
export function useSignal(signal: Signal): number {
    return useSyncExternalStore(signal.subscribe, signal.read);
}

// SPDX-License-Identifier: MIT
//
// What the admin stream said, card by card: the status and the newest lines of each process. Cards
// are drawn apart from one another, at most ten times a second each.

import { useSyncExternalStore } from "react";
import type { AdminStream, LogStreamData, ProcessStatus } from "@logmill/client";

export const LINES = 100;
export const SECONDS = 60;
const DRAW_MS = 100;

export interface Card {
    status: ProcessStatus;
    /** The newest LINES, oldest first. */
    lines: readonly LogStreamData[];
    /** Lines and errors in each of the last SECONDS seconds. */
    rates: readonly number[];
    errors: readonly number[];
    /** Per cent of one processor, and bytes, at the last readings. */
    cpu: readonly number[];
    memory: readonly number[];
}

/** What a reading of /api/v1/processes says of one process. */
export type Reading = Pick<ProcessStatus, "name" | "pid" | "metrics">;

const UNKNOWN: ProcessStatus = {
    name: "",
    state: "starting",
    reason: "",
    pid: null,
    log_file: "",
    started_at: null,
    restarts: 0,
    exit: null,
    suppressed: 0,
};

const add = (values: readonly number[], n: number): number[] => [...values, n].slice(-SECONDS);

class Entry {
    card: Card = { status: UNKNOWN, lines: [], rates: [], errors: [], cpu: [], memory: [] };
    readonly listeners = new Set<() => void>();
    private pending: LogStreamData[] = [];
    private timer: ReturnType<typeof setTimeout> | undefined;
    private lines = 0;
    private errors = 0;
    private before: { pid: number; cpuMs: number; at: number } | null = null;

    status(status: ProcessStatus): void {
        this.card = { ...this.card, status };
        this.soon();
    }

    log(line: LogStreamData): void {
        this.pending.push(line);
        this.lines += 1;
        if (line.level === "ERROR") this.errors += 1;
        this.soon();
    }

    /** How much it takes, from one reading to the next. A new PID begins anew. */
    measure({ pid, metrics }: Reading, at: number): void {
        const { cpu_ms = null, rss_kb = null } = metrics ?? {};
        const { before } = this;
        this.before = pid === null || cpu_ms === null ? null : { pid, cpuMs: cpu_ms, at };
        if (!this.before || rss_kb === null) return;
        const memory = add(this.card.memory, rss_kb * 1024);
        const share = before?.pid === pid && at > before.at ? ((this.before.cpuMs - before.cpuMs) * 100) / (at - before.at) : null;
        this.card = { ...this.card, memory, cpu: share === null ? this.card.cpu : add(this.card.cpu, Math.max(0, share)) };
        this.soon();
    }

    second(): void {
        this.card = { ...this.card, rates: add(this.card.rates, this.lines), errors: add(this.card.errors, this.errors) };
        this.lines = 0;
        this.errors = 0;
        this.soon();
    }

    private soon(): void {
        this.timer ??= setTimeout(() => {
            this.timer = undefined;
            if (this.pending.length > 0)
                this.card = { ...this.card, lines: [...this.card.lines, ...this.pending].slice(-LINES) };
            this.pending = [];
            for (const listener of this.listeners) listener();
        }, DRAW_MS);
    }
}

export class ProcessBoard {
    private readonly entries = new Map<string, Entry>();
    private names: readonly string[] = [];
    private readonly listeners = new Set<() => void>();
    private timer: ReturnType<typeof setInterval> | undefined;
    private stream: AdminStream | null = null;

    attach(stream: AdminStream): void {
        this.stream = stream;
        this.timer = setInterval(() => {
            for (const entry of this.entries.values()) entry.second();
        }, 1000);
    }

    detach(): void {
        clearInterval(this.timer);
        this.stream = null;
    }

    get connected(): boolean {
        return this.stream?.state.name === "live";
    }

    status(status: ProcessStatus): void {
        this.entry(status.name).status(status);
    }

    measure(readings: readonly Reading[], at: number): void {
        for (const reading of readings) this.entries.get(reading.name)?.measure(reading, at);
    }

    log(line: LogStreamData): void {
        if (this.entries.has(line.process_id)) this.entry(line.process_id).log(line);
    }

    private entry(name: string): Entry {
        const known = this.entries.get(name);
        if (known) return known;
        const entry = new Entry();
        this.entries.set(name, entry);
        this.names = [...this.entries.keys()].sort();
        for (const listener of this.listeners) listener();
        return entry;
    }

    /** Names of the cards, in order. */
    useCards(): readonly string[] {
        return useSyncExternalStore(
            (listener) => {
                this.listeners.add(listener);
                return () => this.listeners.delete(listener);
            },
            () => this.names,
        );
    }

    useCard(name: string): Card {
        const entry = this.entry(name);
        return useSyncExternalStore(
            (listener) => {
                entry.listeners.add(listener);
                return () => entry.listeners.delete(listener);
            },
            () => entry.card,
        );
    }
}

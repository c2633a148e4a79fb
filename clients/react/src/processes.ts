// SPDX-License-Identifier: MIT
//
// What the admin stream says, process by process: its status, its newest lines and how much it takes.
// Each process tells those who draw it of its own changes, at most ten times a second, so that one
// that says much disturbs no other.

import type { AdminStream, ConnectionState, LogStreamData, LogStreamingService, ProcessStatus } from "@logmill/client";
import { Signal } from "./signal.js";

export const LINES = 100;
export const SECONDS = 60;
const DRAW_MS = 100;
const MEASURE_MS = 2000;

/** A process as a card shows it. */
export interface ProcessView {
    readonly status: ProcessStatus;
    /** The newest 100 since the page was opened, oldest first. */
    readonly lines: readonly LogStreamData[];
    /** Lines and errors in each of the last 60 seconds. */
    readonly rates: readonly number[];
    readonly errors: readonly number[];
    /** Per cent of one processor, and bytes, at the last readings. */
    readonly cpu: readonly number[];
    readonly memory: readonly number[];
}

/** What a reading of /api/v1/processes says of one process. */
type Reading = Pick<ProcessStatus, "name" | "pid" | "metrics">;

const UNKNOWN: Omit<ProcessStatus, "name"> = {
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

export class Process {
    view: ProcessView;
    readonly changed = new Signal();
    private pending: LogStreamData[] = [];
    private timer: ReturnType<typeof setTimeout> | undefined;
    private lines = 0;
    private errors = 0;
    private before: { pid: number; cpuMs: number; at: number } | null = null;

    constructor(
        readonly name: string,
        /** The hub that runs it. */
        readonly service: LogStreamingService,
    ) {
        this.view = { status: { name, ...UNKNOWN }, lines: [], rates: [], errors: [], cpu: [], memory: [] };
    }

    start(): Promise<void> {
        return this.act("start");
    }

    stop(): Promise<void> {
        return this.act("stop");
    }

    restart(): Promise<void> {
        return this.act("restart");
    }

    private async act(action: "start" | "stop" | "restart"): Promise<void> {
        await this.service.ask(`/api/v1/processes/${encodeURIComponent(this.name)}/${action}`, {}, { method: "POST" });
    }

    // --- what the stream says of it ---

    status(status: ProcessStatus): void {
        this.view = { ...this.view, status };
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
        const { before, view } = this;
        this.before = pid === null || cpu_ms === null ? null : { pid, cpuMs: cpu_ms, at };
        if (!this.before || rss_kb === null) return;
        const memory = add(view.memory, rss_kb * 1024);
        const share = before?.pid === pid && at > before.at ? ((this.before.cpuMs - before.cpuMs) * 100) / (at - before.at) : null;
        this.view = { ...view, memory, cpu: share === null ? view.cpu : add(view.cpu, Math.max(0, share)) };
        this.soon();
    }

    second(): void {
        this.view = { ...this.view, rates: add(this.view.rates, this.lines), errors: add(this.view.errors, this.errors) };
        this.lines = 0;
        this.errors = 0;
        this.soon();
    }

    private soon(): void {
        this.timer ??= setTimeout(() => {
            this.timer = undefined;
            if (this.pending.length > 0)
                this.view = { ...this.view, lines: [...this.view.lines, ...this.pending].slice(-LINES) };
            this.pending = [];
            this.changed.fire();
        }, DRAW_MS);
    }
}

/** All processes of a hub. */
export class ProcessBoard {
    /** In the order of their names. */
    processes: readonly Process[] = [];
    state: ConnectionState = { name: "closed" };
    /** There is another process, or the connection has changed. */
    readonly changed = new Signal();
    private readonly known = new Map<string, Process>();

    constructor(private readonly service: LogStreamingService) {}

    /** Listens to the hub. Returns how to stop. */
    open(): () => void {
        const stream: AdminStream = this.service.streamProcesses({
            onLog: (line) => this.known.get(line.process_id)?.log(line),
            onProcess: (status) => this.process(status.name).status(status),
            onState: (state) => {
                this.state = state;
                this.changed.fire();
            },
        });
        const seconds = setInterval(() => {
            for (const process of this.known.values()) process.second();
        }, 1000);
        const readings = setInterval(() => void this.measure(), MEASURE_MS);
        return () => {
            clearInterval(seconds);
            clearInterval(readings);
            stream.disconnect();
        };
    }

    /** What processes take, as long as somebody looks. */
    private async measure(): Promise<void> {
        if (document.hidden || this.state.name !== "live") return;
        const { processes } = await this.service.ask<{ processes: Reading[] }>("/api/v1/processes").catch(() => ({ processes: [] }));
        const at = performance.now();
        for (const reading of processes) this.known.get(reading.name)?.measure(reading, at);
    }

    private process(name: string): Process {
        const known = this.known.get(name);
        if (known) return known;
        const process = new Process(name, this.service);
        this.known.set(name, process);
        this.processes = [...this.known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        this.changed.fire();
        return process;
    }
}

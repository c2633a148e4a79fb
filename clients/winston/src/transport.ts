// SPDX-License-Identifier: MIT
//
// A Winston transport that sends records to a logmill hub and keeps the newest in memory. Winston is
// called back at once; a hub that is away is never an `error` event, for that would end the program
// of somebody whose log viewer is down. One channel a process: under a keeper records go to the
// standard output, which survives SIGKILL; else they are sent, and sent again until acknowledged.
//
//     logger.info() ─▶ log() ─▶ recent[500], Socket.IO of the program
//                        └────▶ stdout (LOGMILL_RUN) or LogSender ─▶ hub

import { senderToHub, type HubOptions, type LogInput, type LogSender } from "@logmill/client/node";
import Transport, { type TransportStreamOptions } from "winston-transport";
import { flushAtExit } from "./at_exit.js";
import { entryOf, type Info, type LogEntry } from "./entry.js";
import { Recent } from "./recent.js";

export type { LogEntry };

/** What is used of a Socket.IO server. */
export interface SocketServer {
    emit(event: string, ...args: unknown[]): unknown;
}

export interface LogmillTransportOptions extends TransportStreamOptions, Omit<HubOptions, "maxQueue"> {
    /** Entries that getCachedLogs() has, and that wait for a hub that is away at most times 20. Default 500. */
    maxQueueSize?: number;
    /** How long the end of the logger waits for the hub, in ms. Default 3,000. */
    flushTimeout?: number;
    /** Default: `stdout` under a keeper, else `hub`. `none` keeps entries here only. */
    channel?: "hub" | "stdout" | "none";
}

const WAITING_TIMES = 20;

export class LogmillTransport extends Transport {
    private readonly recent: Recent<LogEntry>;
    private readonly sender: LogSender | null;
    private readonly toStdout: boolean;
    private readonly flushTimeout: number;
    private io: SocketServer | null = null;

    constructor(options: LogmillTransportOptions = {}) {
        super(options);
        const { maxQueueSize = 500, flushTimeout = 3_000 } = options;
        const channel = options.channel ?? (process.env.LOGMILL_RUN ? "stdout" : "hub");
        this.recent = new Recent(maxQueueSize);
        this.flushTimeout = flushTimeout;
        this.toStdout = channel === "stdout";
        const maxQueue = Math.max(1, maxQueueSize) * WAITING_TIMES;
        this.sender =
            channel === "hub" ? senderToHub({ onError: (error) => this.emit("warn", error), ...options, maxQueue }) : null;
        flushAtExit(this);
    }

    /** Records that were given up because the hub was away for too long. */
    get dropped(): number {
        return this.sender?.dropped ?? 0;
    }

    /** Records that the hub has not acknowledged yet. */
    get waiting(): number {
        return this.sender?.waiting ?? 0;
    }

    override log(info: Info, callback: () => void): void {
        const entry = entryOf(info);
        this.recent.add(entry);
        this.broadcast(entry);
        if (this.toStdout) process.stdout.write(`${JSON.stringify(entry)}\n`);
        else this.sender?.write(entry as LogInput);
        callback();
    }

    /** Also emits each entry as `log` to all clients of the program's own Socket.IO server. */
    setSocketIOInstance(io: SocketServer | null): void {
        this.io = io;
    }

    /** The newest entries, oldest first. */
    getCachedLogs(): LogEntry[] {
        return this.recent.list();
    }

    /** Those of exactly this level. */
    getLogsByLevel(level: string): LogEntry[] {
        return this.recent.list().filter((entry) => entry.level === level);
    }

    /** True when the hub has everything. */
    async flush(deadlineMs = this.flushTimeout): Promise<boolean> {
        return this.sender ? this.sender.flush(deadlineMs) : true;
    }

    /** Called by Winston at the end: waits for the hub, but not for ever. */
    override _final(callback: (error?: Error | null) => void): void {
        void this.finish().then(() => callback());
    }

    private async finish(): Promise<void> {
        if (!this.sender) return;
        const all = await this.sender.close(this.flushTimeout).catch(() => false);
        if (!all) this.emit("warn", new Error(`${this.waiting} records were not acknowledged by the hub`));
    }

    private broadcast(entry: LogEntry): void {
        try {
            this.io?.emit("log", entry);
        } catch (error) {
            this.emit("warn", error);
        }
    }
}

// SPDX-License-Identifier: MIT
//
// The records of an app: from the main process and every window, kept by the backend, shown live to
// every window that registered. Records for a window are gathered for 16 ms and sent as one message;
// warnings and worse go at once. A window that closes, reloads or stalls costs nothing more.

import { EventEmitter } from "node:events";
import { MemoryBackend, type Backend } from "./backend.js";
import type { IpcEventLike, IpcMainLike, WebContentsLike } from "./electron_types.js";
import { levelOf, type AppRecord, type LogEntryInput, type RecordInput } from "./records.js";

const BATCH_MS = 16;
const WAITING_MAX = 1000;
/** A window that has not confirmed so many batches gets no more until it does. */
const UNCONFIRMED_MAX = 8;

interface Registration {
    waiting: RecordInput[];
    dropped: number;
    unconfirmed: number;
    timer: ReturnType<typeof setTimeout> | undefined;
    campaignId: string | undefined;
    userEmail: string | undefined;
}

export class LogEventHub extends EventEmitter {
    private readonly windows = new Map<WebContentsLike, Registration>();

    constructor(private backend: Backend = new MemoryBackend()) {
        super();
    }

    /** Are records kept across a restart of the app? */
    get isDurable(): boolean {
        return this.backend.isDurable;
    }

    use(backend: Backend): void {
        this.backend = backend;
    }

    // --- writing ---

    logTrafficSession(campaignId: string, userEmail: string, sessionId: string, level: string, message: string): Promise<void> {
        return this.log({ campaignId, userEmail, sessionId, level: levelOf(level), message, timestamp: new Date().toISOString() });
    }

    logFromMain(campaignId: string, userEmail: string, message: string, level = "info", sessionId?: string): Promise<void> {
        const timestamp = new Date().toISOString();
        return this.log({ campaignId, userEmail, message, level: levelOf(level), timestamp, ...(sessionId && { sessionId }) });
    }

    logSystem(message: string, level = "info"): Promise<void> {
        return this.logFromMain("", "", message, level);
    }

    log(record: RecordInput): Promise<void> {
        this.backend.write(record);
        this.emit("log", record);
        for (const [window, registration] of this.windows) this.offer(window, registration, record);
        return Promise.resolve();
    }

    // --- reading ---

    getLogs(campaignId: string, userEmail: string, limit = 1000): Promise<AppRecord[]> {
        return this.backend.get(campaignId, userEmail, limit);
    }

    getLogCount(campaignId: string, userEmail: string): Promise<number> {
        return this.backend.count(campaignId, userEmail);
    }

    clearLogs(campaignId: string, userEmail: string): Promise<number> {
        return this.backend.clear(campaignId, userEmail);
    }

    close(): Promise<void> {
        for (const window of [...this.windows.keys()]) this.forget(window);
        return this.backend.close();
    }

    // --- windows ---

    /** Shows records to this window from now on; twice is the same as once. */
    registerWindow(window: WebContentsLike, campaignId?: string, userEmail?: string): void {
        const known = this.windows.get(window);
        if (known) {
            Object.assign(known, { campaignId, userEmail });
            return;
        }
        this.windows.set(window, { waiting: [], dropped: 0, unconfirmed: 0, timer: undefined, campaignId, userEmail });
        const gone = (): void => this.forget(window);
        window.once("destroyed", gone);
        window.once("render-process-gone", gone);
        window.once("did-start-navigation", gone);
    }

    get windowCount(): number {
        return this.windows.size;
    }

    /** The channels of windows. */
    attach(ipcMain: IpcMainLike, allow: (event: IpcEventLike) => boolean = () => true): void {
        const guarded =
            <A extends unknown[], R>(fn: (event: IpcEventLike, ...args: A) => R) =>
            (event: IpcEventLike, ...args: A): R => {
                if (!allow(event)) throw new Error("this page may not use the log");
                return fn(event, ...args);
            };
        ipcMain.handle("register-for-logs", guarded((event, campaignId?: string, userEmail?: string) => this.registerWindow(event.sender, campaignId, userEmail)));
        ipcMain.handle("get-logs", guarded((_, c: string, u: string, limit?: number) => this.getLogs(c, u, limit)));
        ipcMain.handle("clear-logs", guarded((_, c: string, u: string) => this.clearLogs(c, u)));
        ipcMain.handle("get-log-count", guarded((_, c: string, u: string) => this.getLogCount(c, u)));
        ipcMain.handle("log-from-renderer", guarded((_, c: string, u: string, entry: LogEntryInput) => this.fromRenderer(c, u, entry)));
        ipcMain.on("log-batch-taken", (event) => this.taken(event.sender));
    }

    private fromRenderer(campaignId: string, userEmail: string, entry: LogEntryInput): Promise<void> {
        if (typeof entry?.message !== "string") throw new TypeError("an entry needs a message");
        const time = entry.timestamp === undefined ? Number.NaN : Date.parse(entry.timestamp);
        const timestamp = new Date(Number.isNaN(time) ? Date.now() : time).toISOString();
        return this.log({
            campaignId: String(campaignId ?? ""),
            userEmail: String(userEmail ?? ""),
            message: entry.message,
            level: levelOf(entry.level),
            timestamp,
            ...(entry.sessionId && { sessionId: String(entry.sessionId) }),
        });
    }

    private offer(window: WebContentsLike, registration: Registration, record: RecordInput): void {
        const { campaignId, userEmail, waiting } = registration;
        if (campaignId !== undefined && record.campaignId !== campaignId && record.campaignId !== "") return;
        if (userEmail !== undefined && record.userEmail !== userEmail && record.userEmail !== "") return;
        if (waiting.length >= WAITING_MAX) {
            waiting.shift();
            registration.dropped += 1;
        }
        waiting.push(record);
        const urgent = record.level === "warn" || record.level === "error" || record.level === "fatal";
        if (urgent) this.send(window, registration);
        else registration.timer ??= setTimeout(() => this.send(window, registration), BATCH_MS);
    }

    private send(window: WebContentsLike, registration: Registration): void {
        clearTimeout(registration.timer);
        registration.timer = undefined;
        if (window.isDestroyed()) {
            this.forget(window);
            return;
        }
        if (registration.waiting.length === 0 || registration.unconfirmed >= UNCONFIRMED_MAX) return;
        const { dropped } = registration;
        const records = registration.waiting;
        registration.waiting = [];
        registration.dropped = 0;
        registration.unconfirmed += 1;
        window.send("log-batch", records, dropped);
    }

    private taken(window: WebContentsLike): void {
        const registration = this.windows.get(window);
        if (!registration) return;
        registration.unconfirmed = Math.max(0, registration.unconfirmed - 1);
        if (registration.waiting.length > 0) this.send(window, registration);
    }

    private forget(window: WebContentsLike): void {
        clearTimeout(this.windows.get(window)?.timer);
        this.windows.delete(window);
    }
}

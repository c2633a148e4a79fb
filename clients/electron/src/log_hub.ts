// SPDX-License-Identifier: MIT
//
// The records of an app: from the main process, its workers and every window, kept by the backend,
// shown live to every window that registered.

import { EventEmitter } from "node:events";
import { MemoryBackend, type Backend } from "./backend.js";
import type { IpcEventLike, IpcMainLike, WebContentsLike, WorkerLike } from "./electron_types.js";
import { isOwnPage, Pages } from "./pages.js";
import { levelOf, recordOf, type AppRecord, type LogEntryInput, type RecordInput } from "./records.js";
import { isWorkerMessage, type WorkerMessage } from "./worker.js";
import { WindowFeed } from "./window_feed.js";

export class LogEventHub extends EventEmitter {
    private readonly feeds = new Map<WebContentsLike, WindowFeed>();
    private readonly pages = new Pages((window, before) => this.forget(window, before));
    private readonly run = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    private last = 0;

    constructor(private backend: Backend = new MemoryBackend()) {
        super();
    }

    /** Are records kept across a restart of the app? */
    get isDurable(): boolean {
        return this.backend.isDurable;
    }

    /** From now on records are kept there; what was kept in memory until now goes there, too. */
    use(backend: Backend): void {
        const before = this.backend;
        this.backend = backend;
        if (before instanceof MemoryBackend && before !== backend) for (const record of before.takeAll()) backend.write(record);
    }

    /** Where they are kept, for more questions than those below. */
    get store(): Backend {
        return this.backend;
    }

    // --- writing ---

    logTrafficSession(campaignId: string, userEmail: string, sessionId: string, level: string, message: string): Promise<void> {
        return this.log(recordOf(campaignId, userEmail, { sessionId, level, message: String(message) }));
    }

    logFromMain(campaignId: string, userEmail: string, message: string, level = "info", sessionId?: string): Promise<void> {
        return this.log(recordOf(campaignId, userEmail, { message: String(message), level, ...(sessionId && { sessionId }) }));
    }

    logSystem(message: string, level = "info"): Promise<void> {
        return this.logFromMain("", "", message, level);
    }

    log(input: RecordInput): Promise<void> {
        const record: AppRecord = { ...input, level: levelOf(input.level), key: `${this.run}-${++this.last}` };
        this.backend.write(record);
        this.emit("log", record);
        for (const feed of this.feeds.values()) feed.offer(record);
        return Promise.resolve();
    }

    /** Takes what logToIPC() says in a worker, a utility process or a forked child. */
    addWorker(worker: WorkerLike): void {
        worker.on("message", (message: WorkerMessage) => {
            if (isWorkerMessage(message)) void this.log(message.record);
        });
    }

    // --- reading ---

    getLogs(campaignId?: string, userEmail?: string, limit = 1000): Promise<AppRecord[]> {
        return this.backend.get({ campaignId, userEmail }, limit);
    }

    getLogCount(campaignId?: string, userEmail?: string): Promise<number> {
        return this.backend.count({ campaignId, userEmail });
    }

    clearLogs(campaignId?: string, userEmail?: string): Promise<number> {
        return this.backend.clear({ campaignId, userEmail });
    }

    close(): Promise<void> {
        for (const window of [...this.feeds.keys()]) this.forget(window);
        return this.backend.close();
    }

    // --- windows ---

    /** Shows records to this window's page from now on; twice is the same as once. */
    registerWindow(window: WebContentsLike, campaignId?: string, userEmail?: string): void {
        const generation = this.pages.generation(window);
        const known = this.feeds.get(window);
        if (known) known.renew(generation, campaignId, userEmail);
        else this.feeds.set(window, new WindowFeed(window, generation, campaignId, userEmail));
    }

    get windowCount(): number {
        return this.feeds.size;
    }

    /** The channels of windows. `allow`: which frames may use them; default: pages of the app itself. Returns how to stop. */
    attach(ipcMain: IpcMainLike, allow: (event: IpcEventLike) => boolean = isOwnPage): () => void {
        const handlers = {
            "register-for-logs": (event: IpcEventLike, c?: string, u?: string) => this.registerWindow(event.sender, c, u),
            "get-logs": (_: IpcEventLike, c?: string, u?: string, limit?: number) => this.getLogs(c, u, limit),
            "clear-logs": (_: IpcEventLike, c?: string, u?: string) => this.clearLogs(c, u),
            "get-log-count": (_: IpcEventLike, c?: string, u?: string) => this.getLogCount(c, u),
            "log-from-renderer": (_: IpcEventLike, c: string, u: string, entry: LogEntryInput) => this.log(recordOf(c, u, entry)),
        };
        for (const [channel, handler] of Object.entries(handlers))
            ipcMain.handle(channel, (event, ...args: any[]) => {
                if (!allow(event)) throw new Error("this page may not use the log");
                return (handler as (event: IpcEventLike, ...args: any[]) => unknown)(event, ...args);
            });
        const taken = (event: IpcEventLike): void => this.feeds.get(event.sender)?.taken();
        ipcMain.on("log-batch-taken", taken);
        return () => {
            for (const channel of Object.keys(handlers)) ipcMain.removeHandler(channel);
            ipcMain.removeListener("log-batch-taken", taken);
        };
    }

    /** What a page below this generation had of the window. */
    private forget(window: WebContentsLike, before = Number.POSITIVE_INFINITY): void {
        const feed = this.feeds.get(window);
        if (!feed || feed.generation >= before) return;
        feed.stop();
        this.feeds.delete(window);
    }
}

// SPDX-License-Identifier: MIT
//
// Loggers that carry whose records they write: a session, a campaign, or the system. Every call
// returns at once; flush() says whether the hub has everything.

import type { LogInput, LogSender } from "./sender.js";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

export interface BatchEntry {
    campaignId?: string;
    userEmail?: string;
    sessionId?: string;
    level?: LogLevel;
    message: string;
    [member: string]: unknown;
}

export interface ScopedLogger {
    debug(message: string, sessionId?: string): void;
    info(message: string, sessionId?: string): void;
    warn(message: string, sessionId?: string): void;
    error(message: string, sessionId?: string): void;
}

export class Logger {
    constructor(private readonly sender: LogSender) {}

    logSession(campaignId: string, userEmail: string, sessionId: string, level: LogLevel, message: string): void {
        this.write({ campaignId, userEmail, sessionId, level, message });
    }

    logCampaign(campaignId: string, userEmail: string, message: string, level: LogLevel = "info", sessionId?: string): void {
        this.write({ campaignId, userEmail, level, message, ...(sessionId && { sessionId }) });
    }

    logSystem(message: string, level: LogLevel = "info"): void {
        this.write({ level, message, stream: "system" });
    }

    logBatch(entries: readonly BatchEntry[]): void {
        for (const entry of entries) this.write({ level: "info", ...entry });
    }

    systemInfo(message: string): void {
        this.logSystem(message, "info");
    }

    systemWarn(message: string): void {
        this.logSystem(message, "warn");
    }

    systemError(message: string): void {
        this.logSystem(message, "error");
    }

    systemDebug(message: string): void {
        this.logSystem(message, "debug");
    }

    createScopedLogger(campaignId: string, userEmail: string): ScopedLogger {
        const at = (level: LogLevel) => (message: string, sessionId?: string) =>
            this.logCampaign(campaignId, userEmail, message, level, sessionId);
        return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
    }

    flush(deadlineMs?: number): Promise<boolean> {
        return this.sender.flush(deadlineMs);
    }

    private write(record: LogInput): void {
        this.sender.write(record);
    }
}

// SPDX-License-Identifier: MIT
//
// Short calls for the modules of a main process.

import type { LogEventHub } from "./log_hub.js";
import { recordOf, type LogEntryInput } from "./records.js";

export interface BatchEntry extends LogEntryInput {
    campaignId?: string;
    userEmail?: string;
}

export interface ScopedLogger {
    debug(message: string, sessionId?: string): Promise<void>;
    info(message: string, sessionId?: string): Promise<void>;
    warn(message: string, sessionId?: string): Promise<void>;
    error(message: string, sessionId?: string): Promise<void>;
}

export class IpcLogger {
    constructor(private readonly hub: LogEventHub) {}

    logSession(campaignId: string, userEmail: string, sessionId: string, level: string, message: string): Promise<void> {
        return this.hub.logTrafficSession(campaignId, userEmail, sessionId, level, message);
    }

    logCampaign(campaignId: string, userEmail: string, message: string, level = "info", sessionId?: string): Promise<void> {
        return this.hub.logFromMain(campaignId, userEmail, message, level, sessionId);
    }

    logSystem(message: string, level = "info"): Promise<void> {
        return this.hub.logSystem(message, level);
    }

    async logBatch(entries: readonly BatchEntry[]): Promise<void> {
        for (const { campaignId, userEmail, ...entry } of entries) await this.hub.log(recordOf(campaignId, userEmail, entry));
    }

    systemInfo(message: string): Promise<void> {
        return this.logSystem(message, "info");
    }

    systemWarn(message: string): Promise<void> {
        return this.logSystem(message, "warn");
    }

    systemError(message: string): Promise<void> {
        return this.logSystem(message, "error");
    }

    systemDebug(message: string): Promise<void> {
        return this.logSystem(message, "debug");
    }

    createScopedLogger(campaignId: string, userEmail: string): ScopedLogger {
        const at = (level: string) => (message: string, sessionId?: string) => this.logCampaign(campaignId, userEmail, message, level, sessionId);
        return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
    }
}

// SPDX-License-Identifier: MIT
//
// One hub and one logger for a main process.

import { IpcLogger } from "./ipc_logger.js";
import { LogEventHub } from "./log_hub.js";

export const logEventHub = new LogEventHub();
export const ipcLogger = new IpcLogger(logEventHub);

/** For workers of the main process. */
export function logToIPC(campaignId: string, userEmail: string, sessionId: string, level: string, message: string): Promise<void> {
    return logEventHub.logTrafficSession(campaignId, userEmail, sessionId, level, message);
}

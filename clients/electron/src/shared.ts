// SPDX-License-Identifier: MIT
//
// One hub and one logger for a main process.

import { IpcLogger } from "./ipc_logger.js";
import { LogEventHub } from "./log_hub.js";
import { logFromWorker } from "./worker.js";

export const logEventHub = new LogEventHub();
export const ipcLogger = new IpcLogger(logEventHub);

/** For the work of an app, wherever it is done: in the main process, a worker thread, a utility process, a forked child. */
export async function logToIPC(campaignId: string, userEmail: string, sessionId: string, level: string, message: string): Promise<void> {
    if (!logFromWorker(campaignId, userEmail, sessionId, level, message))
        await logEventHub.logTrafficSession(campaignId, userEmail, sessionId, level, message);
}

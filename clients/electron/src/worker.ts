// SPDX-License-Identifier: MIT
//
// Logging from where there is no hub: a worker thread, a utility process or a forked child of the app
// says it to its parent, whose hub was told of it with addWorker().

import { isMainThread, parentPort } from "node:worker_threads";
import { recordOf, type RecordInput } from "./records.js";

export interface WorkerMessage {
    logmill: "record";
    record: RecordInput;
}

interface Port {
    postMessage(message: unknown): void;
}

export function isWorkerMessage(message: unknown): message is WorkerMessage {
    return typeof message === "object" && message !== null && (message as WorkerMessage).logmill === "record";
}

/** The way to the parent, or null in a main process. */
function parent(): Port | null {
    if (!isMainThread) return parentPort;
    const here = process as NodeJS.Process & { parentPort?: Port; type?: string };
    if (here.parentPort) return here.parentPort; // Electron's utility process
    const isMain = here.type === "browser"; // Electron's main process may have been forked itself
    return here.send && !isMain ? { postMessage: (message) => void here.send?.(message) } : null;
}

/** False in a main process: it has a hub of its own. */
export function logFromWorker(campaignId: string, userEmail: string, sessionId: string, level: string, message: string): boolean {
    const port = parent();
    const record = recordOf(campaignId, userEmail, { sessionId, level, message: String(message) });
    port?.postMessage({ logmill: "record", record } satisfies WorkerMessage);
    return port !== null;
}

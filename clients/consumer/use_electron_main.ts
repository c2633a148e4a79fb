// SPDX-License-Identifier: MIT
// The main process of an app, against Electron's own types.
import { app, BrowserWindow, ipcMain, utilityProcess } from "electron";
import { Worker } from "node:worker_threads";
import { fork } from "node:child_process";
import {
    AppConfig,
    IPCManager,
    ipcLogger,
    logEventHub,
    logToIPC,
    MultiLayerCacheManager,
    registerReadyHandlers,
    startBackend,
    type IPCHandlerConfig,
} from "@logmill/electron";

export async function main(binary: string): Promise<void> {
    const { backend, stop } = await startBackend({ userData: app.getPath("userData"), binary, onMemoryOnly: (reason) => console.warn(reason) });
    logEventHub.use(backend);
    const detach: () => void = logEventHub.attach(ipcMain);

    await logEventHub.logTrafficSession("campaign-123", "user@example.com", "session-abc", "info", "message");
    await logEventHub.logFromMain("campaign-123", "user@example.com", "message", "warn", "session-abc");
    await logEventHub.logSystem("message", "error");
    await ipcLogger.logSession("campaign-123", "user@example.com", "session-abc", "info", "Session started");
    await ipcLogger.logCampaign("campaign-123", "user@example.com", "message", "info", "session-abc");
    await ipcLogger.logSystem("message", "debug");
    await ipcLogger.logBatch([{ campaignId: "c", userEmail: "u", message: "m", level: "info", sessionId: "s", timestamp: new Date().toISOString() }]);
    await ipcLogger.systemInfo("a");
    await ipcLogger.systemWarn("b");
    await ipcLogger.systemError("c");
    await ipcLogger.systemDebug("d");
    const scoped = ipcLogger.createScopedLogger("campaign-123", "user@example.com");
    await Promise.all([scoped.debug("a"), scoped.info("b", "s"), scoped.warn("c"), scoped.error("d", "s")]);
    await logToIPC("campaign-123", "user@example.com", "session-abc", "info", "from a worker");
    logEventHub.addWorker(new Worker("./worker.js"));
    logEventHub.addWorker(utilityProcess.fork("./worker.js"));
    logEventHub.addWorker(fork("./worker.js"));

    const cacheManager = new MultiLayerCacheManager({ maxEntries: 100 });
    const ipcManager = new IPCManager(cacheManager);
    const config: IPCHandlerConfig = { cacheable: true, cacheTTL: 300000, validation: (args) => typeof args[0] === "string" };
    ipcManager.registerHandler("user:getData", async (event, userId) => ({ userId, from: event.sender.id }), config);
    ipcManager.registerHandler("db:getMultiple", async (_event, entryIds) => entryIds, { batchable: true, batchSize: 20, batchDelay: 50, rateLimit: { requests: 10, window: 1000 } });
    ipcManager.registerHandler(
        "data:getLargeDataset",
        async function* (_event, query) {
            for (let i = 0; i < 10; i++) yield `${query} ${i}`;
        },
        { streamable: true, streamChunkSize: 100 },
    );
    ipcManager.on("error", (error) => console.error(error));
    ipcManager.attach(ipcMain);
    registerReadyHandlers(ipcManager, { hub: logEventHub, app, config: new AppConfig({ values: { theme: "dark" } }) });
    const { totalRequests, totalResponses, totalErrors, averageResponseTime, cacheHitRate, batchedRequests, streamedRequests } = ipcManager.getMetrics();
    const { totalBatches, averageBatchSize, averageProcessingTime, failedBatches } = ipcManager.batcher.getMetrics();
    const { totalStreams, totalChunks, totalBytes, averageChunkSize, averageStreamTime, failedStreams } = ipcManager.streaming.getMetrics();
    const figures: number[] = [totalRequests, totalResponses, totalErrors, averageResponseTime, cacheHitRate, batchedRequests, streamedRequests];
    figures.push(totalBatches, averageBatchSize, averageProcessingTime, failedBatches, totalStreams, totalChunks, totalBytes, averageChunkSize, averageStreamTime, failedStreams);
    await ipcManager.invalidate("user:*");

    const window = new BrowserWindow({ webPreferences: { preload: "preload.js", contextIsolation: true, sandbox: true } });
    logEventHub.registerWindow(window.webContents);
    detach();
    await stop();
}

// A map of channels checks handlers and calls.
interface Mine {
    [channel: string]: (...args: never[]) => unknown;
    "user:get": (id: string) => { name: string };
    "sum": (a: number, b: number) => number;
}
export const typed = new IPCManager<Pick<Mine, "user:get" | "sum">>();
typed.registerHandler("user:get", (_event, id) => ({ name: id.toUpperCase() }));
typed.registerHandler("sum", async (_event, a, b) => a + b, { validation: ([a, b]) => a > b || "a must be greater" });
// @ts-expect-error the answer must have a name
typed.registerHandler("user:get", (_event, id) => ({ title: id }));
// @ts-expect-error there is no such channel
typed.registerHandler("user:put", () => 1);

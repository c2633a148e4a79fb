// SPDX-License-Identifier: MIT
//
// The main process: records of all windows and of a worker are kept by a hub that opens no port, for
// seven days, by campaign and user.
const { join } = require("node:path");
const { Worker } = require("node:worker_threads");
const { app, BrowserWindow, ipcMain } = require("electron");
const { AppConfig, IPCManager, ipcLogger, logEventHub, registerReadyHandlers, startBackend } = require("@logmill/electron");

const manager = new IPCManager();
let stop = async () => {};

function openWindow(page = "index.html") {
    const preload = require.resolve("@logmill/electron/preload-script");
    const window = new BrowserWindow({ width: 900, height: 600, webPreferences: { preload, contextIsolation: true, sandbox: true } });
    return window.loadFile(join(__dirname, page));
}

/** Calls of the app's own, beside the ready ones (db, system, config). */
function registerHandlers() {
    manager.registerHandler("campaign:visits", async (_event, campaignId, n) => Array.from({ length: n }, (_, i) => `${campaignId} visit ${i + 1}`), {
        streamable: true,
        streamChunkSize: 100,
        validation: ([campaignId, n]) => (typeof campaignId === "string" && Number.isInteger(n)) || "a campaign and a number are needed",
    });
    manager.registerHandler("campaign:run", (_event, campaignId, userEmail) => {
        const worker = new Worker(join(__dirname, "traffic.js"), { workerData: { campaignId, userEmail } });
        logEventHub.addWorker(worker); // what logToIPC() says there
        worker.on("exit", (code) => ipcLogger.logCampaign(campaignId, userEmail, `traffic ended with ${code}`));
    });
    manager.registerHandler("app:open-window", () => openWindow());
    manager.registerHandler("app:open-viewer", () => openWindow("viewer.html"));
}

app.whenReady().then(async () => {
    logEventHub.attach(ipcMain);
    manager.attach(ipcMain);
    registerReadyHandlers(manager, { hub: logEventHub, app, config: new AppConfig({ values: { theme: "dark" } }) });
    registerHandlers();
    const started = await startBackend({
        userData: app.getPath("userData"),
        binary: process.env.LOGMILL_BINARY ?? join(process.resourcesPath ?? "", "logmill"),
        onMemoryOnly: (reason) => ipcLogger.systemWarn(`records are kept in memory only: ${reason}`),
    });
    stop = started.stop;
    logEventHub.use(started.backend);
    await ipcLogger.systemInfo("Application started");
    await openWindow();
});

let isQuitting = false;
app.on("before-quit", (event) => {
    if (isQuitting) return;
    event.preventDefault();
    isQuitting = true;
    void stop().then(() => app.quit());
});
app.on("window-all-closed", () => app.quit());

// SPDX-License-Identifier: MIT
//
// An Electron app without Electron: its main process is this process, its windows are pages of Chromium,
// and its preload script runs there behind a bridge that copies and freezes. What comes and goes is
// copied as JSON. (Structured clone, threads and errors: clients/electron/test.)

import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { openContext } from "./browser.mjs";
import { until } from "./wait.mjs";

/** The program of a real Electron: LOGMILL_ELECTRON, or `electron` in the path; else null. */
export function findElectron() {
    if (process.env.LOGMILL_ELECTRON) return process.env.LOGMILL_ELECTRON;
    const folders = (process.env.PATH ?? "").split(delimiter);
    return folders.map((folder) => join(folder, "electron")).find(existsSync) ?? null;
}

/** Loads main.js of the app in `folder`. Resolves with its windows, as pages, and how to quit. */
export async function startApp(stage, folder) {
    const context = await openContext(stage);
    const electron = standIn(stage, context);
    const modules = join(folder, "node_modules", "electron");
    mkdirSync(modules, { recursive: true });
    globalThis[Symbol.for("logmill.electron")] = electron;
    writeFileSync(join(modules, "package.json"), '{ "name": "electron", "main": "index.js" }');
    writeFileSync(join(modules, "index.js"), 'module.exports = globalThis[Symbol.for("logmill.electron")];');
    createRequire(join(folder, "main.js"))("./main.js");
    const { windows } = electron;
    return {
        windows,
        nextWindow: (n = 1) => until(`window ${n}`, () => windows[n - 1]?.isLoaded && windows[n - 1].page, 30_000),
        quit: () => new Promise((resolve) => (electron.app.once("quit", resolve), electron.app.quit())),
    };
}

function standIn(stage, context) {
    const userData = mkdtempSync(join(stage.dir, "user-data-"));
    const handlers = new Map();
    const windows = [];
    const ipcMain = Object.assign(new EventEmitter(), {
        handle: (channel, listener) => handlers.set(channel, listener),
        removeHandler: (channel) => handlers.delete(channel),
    });
    const app = Object.assign(new EventEmitter(), {
        whenReady: async () => {},
        getPath: () => userData,
        getName: () => "app",
        getVersion: () => "1.0.0",
        quit() {
            let isPrevented = false;
            app.emit("before-quit", { preventDefault: () => (isPrevented = true) });
            if (!isPrevented) app.emit("quit");
        },
    });
    class BrowserWindow {
        constructor({ webPreferences }) {
            this.preload = readFileSync(webPreferences.preload, "utf8");
            this.isDestroyed = false;
            this.isLoaded = false;
            this.webContents = Object.assign(new EventEmitter(), {
                id: windows.push(this),
                isDestroyed: () => this.isDestroyed,
                send: (channel, ...args) => this.deliver(JSON.stringify([channel, args])),
            });
        }

        async loadFile(path) {
            const page = (this.page = await context.newPage());
            page.errors = [];
            page.on("pageerror", (error) => page.errors.push(String(error)));
            page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
            page.on("close", () => {
                this.isDestroyed = true;
                this.webContents.emit("destroyed");
            });
            page.on("request", (request) => request.isNavigationRequest() && this.tell("did-start-navigation", { isSameDocument: false, isMainFrame: true }));
            page.on("framenavigated", () => this.tell("did-navigate", {}));
            await page.exposeBinding("toMain", (_, text) => this.fromPage(JSON.parse(text)));
            await page.addInitScript(`(${rendererHalf})(${JSON.stringify(this.preload)})`);
            await page.goto(pathToFileURL(path).href);
            this.isLoaded = true;
        }

        tell(event, details) {
            this.webContents.emit(event, details, "", false, true);
        }

        deliver(text) {
            if (this.isDestroyed) throw new TypeError("Object has been destroyed");
            this.page.evaluate((message) => window.fromMain?.(message), text).catch(() => {}); // it is closing
        }

        async fromPage({ kind, channel, args }) {
            const event = { sender: this.webContents, senderFrame: { url: this.page.url() } };
            if (kind === "send") return void ipcMain.emit(channel, event, ...args);
            try {
                return JSON.stringify({ value: await handlers.get(channel)(event, ...args) });
            } catch (error) {
                return JSON.stringify({ error: `Error invoking remote method '${channel}': ${error}` });
            }
        }
    }
    return { app, ipcMain, BrowserWindow, windows };
}

/** Runs in the page, before its own scripts. */
function rendererHalf(preload) {
    const { toMain } = window;
    const listeners = new Map();
    window.fromMain = (text) => {
        const [channel, args] = JSON.parse(text);
        for (const listener of listeners.get(channel) ?? []) listener({}, ...args);
    };
    const ipcRenderer = {
        on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
        send: (channel, ...args) => void toMain(JSON.stringify({ kind: "send", channel, args })),
        invoke: async (channel, ...args) => {
            const { value, error } = JSON.parse(await toMain(JSON.stringify({ kind: "invoke", channel, args })));
            if (error !== undefined) throw new Error(error);
            return value;
        },
    };
    const bridged = (value) => {
        if (typeof value === "function") return (...args) => value(...args);
        if (typeof value !== "object" || value === null) return value;
        return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bridged(member)])));
    };
    const contextBridge = { exposeInMainWorld: (key, api) => Object.defineProperty(window, key, { value: bridged(api) }) };
    const requireInSandbox = (name) => {
        if (name !== "electron") throw new Error(`module not found: ${name}`);
        return { contextBridge, ipcRenderer };
    };
    delete window.toMain;
    new Function("require", preload)(requireInSandbox);
}

// SPDX-License-Identifier: MIT
//
// Electron's messages without Electron, as strict: everything is copied by the structured clone
// algorithm (functions and symbols throw, prototypes are lost), errors of handlers arrive as a message
// only, windows can be destroyed or loaded anew, and what is exposed to a page is frozen copies.
import { EventEmitter } from "node:events";

export function fakeElectron() {
    const handlers = new Map();
    const bus = new EventEmitter();
    const ipcMain = {
        handle(channel, listener) {
            if (handlers.has(channel)) throw new Error(`second handler for '${channel}'`);
            handlers.set(channel, listener);
        },
        removeHandler: (channel) => handlers.delete(channel),
        on: (channel, listener) => bus.on(channel, listener),
        removeListener: (channel, listener) => bus.removeListener(channel, listener),
    };
    let windows = 0;
    const openWindow = (url = "file:///app/index.html") => {
        const events = new EventEmitter();
        const renderer = new EventEmitter();
        let destroyed = false;
        const webContents = Object.assign(Object.create(null), {
            id: ++windows,
            isDestroyed: () => destroyed,
            on: (event, listener) => events.on(event, listener),
            once: (event, listener) => events.once(event, listener),
            send(channel, ...args) {
                if (destroyed) throw new TypeError("Object has been destroyed");
                const copy = structuredClone(args);
                setImmediate(() => !destroyed && renderer.emit(channel, {}, ...copy));
            },
        });
        const event = { sender: webContents, senderFrame: { url } };
        const ipcRenderer = {
            async invoke(channel, ...args) {
                const copy = structuredClone(args);
                const handler = handlers.get(channel);
                if (!handler) throw new Error(`Error invoking remote method '${channel}': Error: No handler registered for '${channel}'`);
                await new Promise((resolve) => setImmediate(resolve));
                try {
                    return structuredClone(await handler(event, ...copy));
                } catch (error) {
                    throw new Error(`Error invoking remote method '${channel}': ${error}`);
                }
            },
            send: (channel, ...args) => {
                const copy = structuredClone(args);
                setImmediate(() => bus.emit(channel, event, ...copy));
            },
            on: (channel, listener) => renderer.on(channel, listener),
        };
        const world = {};
        const contextBridge = {
            exposeInMainWorld: (key, api) => (world[key] = bridged(api)),
        };
        const close = () => {
            destroyed = true;
            events.emit("destroyed");
        };
        /** As Electron says it: with the details, and with the arguments of earlier versions. */
        const navigationStarts = ({ isSameDocument = false, isMainFrame = true } = {}) =>
            events.emit("did-start-navigation", { isSameDocument, isMainFrame }, url, isSameDocument, isMainFrame);
        const navigate = () => events.emit("did-navigate", {}, url, 200, "");
        const reload = () => navigationStarts() && navigate();
        const crash = () => events.emit("render-process-gone", {}, { reason: "crashed", exitCode: 1 });
        return { webContents, ipcRenderer, contextBridge, world, close, reload, navigationStarts, navigate, crash, event, events };
    };
    return { ipcMain, openWindow };
}

/** A context bridge hands over functions wrapped and everything else as frozen copies. */
function bridged(value) {
    if (typeof value === "function") return (...args) => value(...args);
    if (typeof value !== "object" || value === null) return value;
    return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bridged(member)])));
}

export async function until(holds) {
    for (const end = Date.now() + 5000; !(await holds()); await new Promise((resolve) => setImmediate(resolve)))
        if (Date.now() > end) throw new Error("it did not happen in 5 s");
}

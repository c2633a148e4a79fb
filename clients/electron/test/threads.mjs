// SPDX-License-Identifier: MIT
//
// An Electron whose windows are threads (window_thread.mjs): real copies across a real boundary, and a
// window that is busy really is.
import { EventEmitter, once } from "node:events";
import { Worker } from "node:worker_threads";

const THREAD = new URL("window_thread.mjs", import.meta.url);
const PRELOAD = new URL("../dist/preload_script.cjs", import.meta.url).pathname;

export function threadedElectron(t) {
    const handlers = new Map();
    const bus = new EventEmitter();
    let windows = 0;
    const ipcMain = {
        handle: (channel, listener) => void handlers.set(channel, listener),
        removeHandler: (channel) => void handlers.delete(channel),
        on: (channel, listener) => bus.on(channel, listener),
        removeListener: (channel, listener) => bus.removeListener(channel, listener),
    };
    const openWindow = async (url = "file:///app/index.html") => {
        const thread = new Worker(THREAD, { workerData: { preload: PRELOAD } });
        t.after(() => thread.terminate());
        await once(thread, "online");
        const events = new EventEmitter();
        const ran = new Map();
        let destroyed = false;
        let last = 0;
        const webContents = {
            id: ++windows,
            isDestroyed: () => destroyed,
            on: (name, listener) => events.on(name, listener),
            once: (name, listener) => events.once(name, listener),
            send(channel, ...args) {
                if (destroyed) throw new TypeError("Object has been destroyed");
                try {
                    thread.postMessage({ kind: "message", channel, args });
                } catch {
                    throw new Error("An object could not be cloned.");
                }
            },
        };
        const event = { sender: webContents, senderFrame: { url } };
        const answer = async ({ id, channel, args }) => {
            const reply = (value, error) => !destroyed && thread.postMessage({ kind: "reply", id, args: value, error });
            try {
                const handler = handlers.get(channel);
                if (!handler) throw new Error(`No handler registered for '${channel}'`);
                reply(await handler(event, ...args));
            } catch (error) {
                reply(undefined, String(error?.name === "DataCloneError" ? new Error("An object could not be cloned.") : error));
            }
        };
        thread.on("message", (message) => {
            if (message.kind === "ran") {
                const { resolve, reject } = ran.get(message.id);
                ran.delete(message.id);
                if (message.failure === undefined) resolve(message.value);
                else reject(new Error(message.failure));
            } else if (destroyed) return;
            else if (message.kind === "send") bus.emit(message.channel, event, ...message.args);
            else void answer(message);
        });
        return {
            webContents,
            events,
            /** Runs the function in the page, which has window.electronAPI and nothing of this file. */
            run: (fn, ...args) =>
                new Promise((resolve, reject) => {
                    ran.set(++last, { resolve, reject });
                    thread.postMessage({ kind: "run", id: last, code: String(fn), args });
                }),
            reload() {
                events.emit("did-start-navigation", { isSameDocument: false, isMainFrame: true }, url, false, true);
                thread.postMessage({ kind: "load" });
                events.emit("did-navigate", {}, url, 200, "");
            },
            async crash() {
                await thread.terminate();
                events.emit("render-process-gone", {}, { reason: "killed", exitCode: 9 });
            },
            async close() {
                destroyed = true;
                await thread.terminate();
                events.emit("destroyed");
            },
        };
    };
    return { ipcMain, openWindow };
}

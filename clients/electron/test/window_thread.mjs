// SPDX-License-Identifier: MIT
//
// A renderer process as a thread: what comes and goes is copied by postMessage. Each page has a realm
// for the preload script, which may require nothing but electron, as in a sandboxed window, and a realm
// for itself, which has nothing but what the bridge exposes.
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { contextBridgeTo } from "./bridge.mjs";

let page;
load();

parentPort.on("message", async ({ kind, id, channel, args, error, code }) => {
    if (kind === "load") load();
    else if (kind === "message") page.hear(channel, args);
    else if (kind === "reply") page.reply(id, args, error);
    else if (kind === "run") {
        const answer = await page.run(code, args).then(
            (value) => ({ value }),
            (failure) => ({ failure: String(failure?.stack ?? failure) }),
        );
        parentPort.postMessage({ kind: "ran", id, ...answer });
    }
});

function load() {
    const listeners = new Map();
    const replies = new Map();
    let last = 0;
    const post = (message) => {
        try {
            parentPort.postMessage(message);
        } catch {
            throw new Error("An object could not be cloned.");
        }
    };
    const ipcRenderer = {
        on: (channel, listener) => void listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
        send: (channel, ...args) => post({ kind: "send", channel, args }),
        invoke: async (channel, ...args) => {
            post({ kind: "invoke", id: ++last, generation: page.generation, channel, args });
            return new Promise((resolve, reject) => replies.set(last, { resolve, reject, channel }));
        },
    };
    const globals = { console, queueMicrotask, setTimeout, clearTimeout, performance };
    const world = createContext({ ...globals });
    world.window = world;
    const run = (code) => runInContext(code, world);
    const requireInSandbox = (name) => {
        if (name !== "electron") throw new Error(`module not found: ${name}`);
        return { ipcRenderer, contextBridge: contextBridgeTo(world, run) };
    };
    const generation = (page?.generation ?? 0) + 1;
    page = {
        generation,
        hear: (channel, args) => (listeners.get(channel) ?? []).forEach((listener) => listener({}, ...args)),
        reply(id, value, error) {
            const { resolve, reject, channel } = replies.get(id) ?? {};
            replies.delete(id);
            if (error === undefined) resolve?.(value);
            else reject?.(new Error(`Error invoking remote method '${channel}': ${error}`));
        },
        run: async (code, args) => run(`(${code})`)(...args),
    };
    const preload = createContext({ ...globals, require: requireInSandbox });
    runInContext(readFileSync(workerData.preload, "utf8"), preload);
}

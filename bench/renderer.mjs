// SPDX-License-Identifier: MIT
//
// renderer.mjs - what batches, the cache and streams of @logmill/electron are worth to a window.
//
//   make && npm --prefix clients run build && node bench/renderer.mjs [ROWS] [RUNS]
//
// A page of Chromium is the window; the main process is a worker of that page. Between them is what lies
// between them in Electron, too: each message is copied by structured clone and taken apart on the page's
// main thread. Blocking is the longest time in which that thread did nothing else: a message that the page
// sends to itself over and over stood still so long. Memory is the highest use of the page's heap above
// that before the call. Figures are medians of the runs.

import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { build } = createRequire(join(ROOT, "clients/electron/package.json"))("esbuild");
const { chromium } = createRequire(join(ROOT, "tests/package.json"))("playwright-core");
const rows = Number(process.argv[2] ?? 100_000);
const runs = Number(process.argv[3] ?? 5);

const DIST = join(ROOT, "clients/electron/dist/esm");

// What of Node the manager uses, for a worker of a page.
const EVENTS = `export class EventEmitter { on() {} emit() {} }`;
const MAIN = `
    const { port1, port2 } = new MessageChannel();
    const immediates = [];
    port1.onmessage = () => immediates.shift()();
    globalThis.setImmediate = (fn) => { immediates.push(fn); port2.postMessage(0); };
    globalThis.process = { env: {} };
    const { IPCManager } = await import(${JSON.stringify(join(DIST, "manager.js"))});
    const handlers = new Map(), listeners = new Map();
    const ipcMain = { handle: (c, fn) => handlers.set(c, fn), on: (c, fn) => listeners.set(c, fn) };
    const window = { id: 1, isDestroyed: () => false, on() {}, once() {}, send: (channel, ...args) => postMessage({ channel, args }) };
    const event = { sender: window, senderFrame: { url: "file:///" } };
    const manager = new IPCManager();
    manager.attach(ipcMain);
    const table = Array.from({ length: ${rows} }, (_, i) => ({ id: i, name: "entry " + i, text: "VSAM status 35 while opening file ".repeat(3) + i, at: new Date(i), tags: ["a", "b"] }));
    const cost = (n) => { for (let i = 0, x = 1; i < n; i++) x = Math.imul(x, 31); };
    let asked = 0;
    manager.registerHandler("data:whole", () => table);
    manager.registerHandler("data:stream", () => table, { streamable: true });
    const one = (_, id) => (asked++, table[id]);
    manager.registerHandler("db:one", one);
    manager.registerHandler("db:batch", one, { batchable: true, batchSize: 50, batchDelay: 25, batchHandler: (_, ids) => (asked++, ids.map(([id]) => table[id])) });
    const search = () => { const end = performance.now() + 20; while (performance.now() < end); return table.slice(0, 50); };
    manager.registerHandler("db:search", search);
    manager.registerHandler("db:cached", search, { cacheable: true });
    manager.registerHandler("count", () => { const n = asked; asked = 0; return n; });
    onmessage = async ({ data: { id, channel, args } }) => {
        if (id === undefined) return void listeners.get(channel)?.(event, ...args);
        postMessage({ id, value: await handlers.get(channel)(event, ...args) });
    };
    postMessage({ ready: true });
`;
const PAGE = `
    import { createElectronAPI } from ${JSON.stringify(join(DIST, "preload.js"))};
    globalThis.start = (code) => new Promise((ready) => {
        const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
        const replies = new Map(), listeners = new Map();
        let last = 0;
        globalThis.messages = 0;
        const send = (message) => { globalThis.messages++; worker.postMessage(message); };
        const ipcRenderer = {
            on: (channel, fn) => listeners.set(channel, fn),
            send: (channel, ...args) => send({ channel, args }),
            invoke: (channel, ...args) => new Promise((resolve) => { replies.set(++last, resolve); send({ id: last, channel, args }); }),
        };
        worker.onmessage = ({ data }) => {
            globalThis.messages++;
            if (data.ready) ready();
            else if (data.id === undefined) listeners.get(data.channel)?.({}, ...data.args);
            else { replies.get(data.id)(data.value); replies.delete(data.id); }
        };
        globalThis.api = createElectronAPI(ipcRenderer);
        globalThis.plain = (channel, ...args) => ipcRenderer.invoke("logmill:call", channel, args);
    });
`;

const shim = {
    name: "node:events",
    setup(esbuild) {
        esbuild.onResolve({ filter: /^node:events$/ }, () => ({ path: "events", namespace: "shim" }));
        esbuild.onLoad({ filter: /.*/, namespace: "shim" }, () => ({ contents: EVENTS }));
    },
};

async function bundle(contents) {
    const made = await build({ stdin: { contents, resolveDir: DIST }, bundle: true, write: false, format: "esm", platform: "browser", plugins: [shim], supported: { "top-level-await": true } });
    return made.outputFiles[0].text;
}

/** Runs in the page: the work, and what it did to the main thread meanwhile. */
async function watched(work) {
    globalThis.gc();
    const base = performance.memory.usedJSHeapSize;
    const { port1, port2 } = new MessageChannel();
    let [longest, peak, before, on] = [0, 0, performance.now(), true];
    port1.onmessage = () => {
        const now = performance.now();
        longest = Math.max(longest, now - before);
        peak = Math.max(peak, performance.memory.usedJSHeapSize - base);
        before = now;
        if (on) port2.postMessage(0);
    };
    port2.postMessage(0);
    const started = performance.now();
    await work();
    const time = performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, 20));
    on = false;
    return { longest, peak: peak / 1024 / 1024, time };
}

const WORK = {
    whole: async () => {
        let sum = 0;
        for (const row of (await globalThis.api.call("data:whole")).data) sum += row.id;
        return sum;
    },
    streamed: async () => {
        let sum = 0;
        const { data: id } = await globalThis.api.call("data:stream");
        await new Promise((resolve) =>
            globalThis.api.streaming.onChunk(id, ({ data, isLast }) => {
                for (const row of data) sum += row.id;
                if (isLast) resolve();
            }),
        );
        return sum;
    },
};

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const less = (before, after) => `${(100 * (1 - after / before)).toFixed(1)} % less`;
const profile = mkdtempSync(join(tmpdir(), "logmill-bench-"));
const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-precise-memory-info", "--js-flags=--expose-gc"],
});
try {
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(String(error)));
    await page.addScriptTag({ content: await bundle(PAGE), type: "module" });
    await page.waitForFunction(() => globalThis.start);
    await page.evaluate((code) => globalThis.start(code), await bundle(MAIN));

    const figures = {};
    for (const [name, work] of Object.entries(WORK)) {
        const all = [];
        for (let run = 0; run <= runs; run++) all.push(await page.evaluate(`(${watched})(${work})`));
        all.shift(); // the first one warms up
        figures[name] = Object.fromEntries(["longest", "peak", "time"].map((what) => [what, median(all.map((each) => each[what]))]));
        const { longest, peak, time } = figures[name];
        console.log(`${rows} rows ${name.padEnd(9)} longest block ${longest.toFixed(1)} ms   heap ${peak.toFixed(1)} MB   done after ${time.toFixed(0)} ms`);
    }
    console.log(`streamed: block ${less(figures.whole.longest, figures.streamed.longest)}, memory ${less(figures.whole.peak, figures.streamed.peak)}`);

    const asked = await page.evaluate(async () => {
        const ids = Array.from({ length: 200 }, (_, i) => i);
        const ways = {
            "one by one": (id) => globalThis.plain("db:one", id),
            "gathered": (id) => globalThis.api.call("db:one", id),
            "gathered and batched": (id) => globalThis.api.call("db:batch", id),
        };
        const told = {};
        for (const [way, ask] of Object.entries(ways)) {
            await globalThis.plain("count");
            const [before, started] = [globalThis.messages, performance.now()];
            await Promise.all(ids.map(ask));
            const time = performance.now() - started;
            told[way] = { messages: globalThis.messages - before, handled: (await globalThis.plain("count")).data, time };
        }
        return told;
    });
    for (const [way, { messages, handled, time }] of Object.entries(asked))
        console.log(`200 calls ${way.padEnd(20)} ${messages} messages   handler asked ${handled} times   ${time.toFixed(1)} ms`);

    const cached = await page.evaluate(async (n) => {
        const told = {};
        for (const channel of ["db:search", "db:cached"]) {
            await globalThis.api.call(channel);
            const started = performance.now();
            for (let i = 0; i < n; i++) await globalThis.api.call(channel);
            told[channel] = (performance.now() - started) / n;
        }
        return told;
    }, 20 * runs);
    console.log(`a search of 20 ms: ${cached["db:search"].toFixed(2)} ms, cached ${cached["db:cached"].toFixed(2)} ms, ${less(cached["db:search"], cached["db:cached"])}`);
} finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
}

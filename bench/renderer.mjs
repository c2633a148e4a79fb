// SPDX-License-Identifier: MIT
//
// renderer.mjs - what batches, the cache and streams of @logmill/electron are worth to a window.
//
//   make && npm --prefix clients run build && node bench/renderer.mjs [ROWS] [RUNS]
//
// A page of Chromium is the window; the main process is a worker of that page. Between them is what lies
// between them in Electron, too: each message is copied by structured clone and taken apart on the page's
// main thread. Blocking is the longest task of that thread, in CPU time as Chromium's own tracing has it, so
// that other work on the machine does not count. Memory is the highest use of the page's heap above that
// before the call, with garbage, and in a run of its own without it. Figures are medians of the runs.

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
        worker.onerror = ({ message }) => console.error("the worker:", message);
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

/** Runs in the page: the work, and the most memory that it saw. */
async function watched(work, collect) {
    globalThis.gc();
    const base = performance.memory.usedJSHeapSize;
    let peak = 0;
    const started = performance.now();
    await work(() => {
        if (collect) globalThis.gc();
        peak = Math.max(peak, performance.memory.usedJSHeapSize - base);
    });
    return { peak: peak / 1024 / 1024, time: performance.now() - started };
}

const WORK = {
    whole: async (sample) => {
        let sum = 0;
        const { data } = await globalThis.api.call("data:whole");
        for (const row of data) sum += row.id;
        sample();
        return sum;
    },
    streamed: async (sample) => {
        let sum = 0;
        const { data: id } = await globalThis.api.call("data:stream");
        await new Promise((resolve) =>
            globalThis.api.streaming.onChunk(id, ({ data, isLast }) => {
                for (const row of data) sum += row.id;
                sample();
                if (isLast) resolve();
            }),
        );
        return sum;
    },
};

/** The longest task of a page's main thread while `work` runs, and what all tasks took, in ms of CPU. */
async function traced(cdp, work) {
    const events = [];
    cdp.on("Tracing.dataCollected", ({ value }) => events.push(...value));
    await cdp.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline"] } });
    const result = await work();
    const complete = new Promise((resolve) => cdp.once("Tracing.tracingComplete", resolve));
    await cdp.send("Tracing.end");
    await complete;
    cdp.removeAllListeners("Tracing.dataCollected");
    const mains = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
    const tasks = events.filter(({ name, pid, tid, tdur }) => name === "RunTask" && tdur && mains.has(`${pid} ${tid}`)).map(({ tdur }) => tdur / 1000);
    return { ...result, longest: Math.max(...tasks), cpu: tasks.reduce((sum, ms) => sum + ms, 0) };
}

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
    page.on("console", (message) => console.error(message.text()));
    await page.route("http://localhost/", (route) => route.fulfill({ contentType: "text/html", body: "<title>a window</title>" }));
    await page.goto("http://localhost/"); // about:blank may start no worker
    await page.addScriptTag({ content: await bundle(PAGE), type: "module" });
    await page.waitForFunction(() => globalThis.start);
    await page.evaluate((code) => globalThis.start(code), await bundle(MAIN));

    const cdp = await context.newCDPSession(page);
    const figures = {};
    for (const [name, work] of Object.entries(WORK)) {
        const all = [];
        for (let run = 0; run <= runs; run++) all.push(await traced(cdp, () => page.evaluate(`(${watched})(${work})`)));
        all.shift(); // the first one warms up
        const { peak: held } = await page.evaluate(`(${watched})(${work}, true)`);
        figures[name] = { held, ...Object.fromEntries(["longest", "cpu", "peak", "time"].map((what) => [what, median(all.map((each) => each[what]))])) };
        const { longest, cpu, peak, time } = figures[name];
        console.log(`${rows} rows ${name.padEnd(9)} longest block ${longest.toFixed(1)} of ${cpu.toFixed(0)} ms CPU   heap ${peak.toFixed(1)} MB, held ${held.toFixed(1)} MB   done after ${time.toFixed(0)} ms`);
    }
    console.log(`streamed: block ${less(figures.whole.longest, figures.streamed.longest)}, heap ${less(figures.whole.peak, figures.streamed.peak)}, held ${less(figures.whole.held, figures.streamed.held)}`);

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

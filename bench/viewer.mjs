// SPDX-License-Identifier: MIT
//
// node bench/viewer.mjs [what] [numbers] - the page in Chromium, with a real hub.
//
//   paint [times]              from the click to the last 500 lines on the screen
//   deep [lines] [times]       from the click to a line in a store of that many (7,000,000 are 1 GB)
//   run [seconds] [rate] [fill]  rows come at `rate` a second into a page that keeps a million, after
//                              `fill` rows that come faster: frames, long tasks, heap, processor time;
//                              then, while lines still come to the hub, what this browser can do at all:
//                              an empty page, and one that sets the text of 40 rows in each frame
//
// Chromium draws in software here. Every figure is what the browser itself says: requestAnimationFrame,
// the Long Tasks API, performance.memory; processor time is /proc/PID/stat. The load of the machine is
// printed beside them.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { openPage } from "../tests/lib/browser.mjs";
import { Hub } from "../tests/lib/hub.mjs";
import { LOGMILL, program } from "../tests/lib/paths.mjs";
import { Process } from "../tests/lib/process.mjs";
import { until } from "../tests/lib/wait.mjs";

const BATCH = 20_000;
const WORDS = "the connection to the store was opened again after a while and the worker went on with its batch of rows".split(" ");

const stage = { dir: mkdtempSync(join(tmpdir(), "logmill-bench-")), clients: [] };
stage.env = { PATH: process.env.PATH, HOME: stage.dir, LANG: "C.UTF-8", TZ: "UTC" };

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
const say = (name, value) => console.log(`${name.padEnd(34)} ${value}`);
const load = () => loadavg()[0].toFixed(1);

/** Some 150 bytes a record, as programs write them. */
function batch(n, from) {
    const lines = [];
    for (let i = 0; i < n; i += 1) {
        const word = (k) => WORDS[(from + i * 7 + k) % WORDS.length];
        const message = `request ${from + i} of ${word(1)} ${word(2)} took ${(from + i) % 977} ms: ${WORDS.slice(0, 16).join(" ")}`;
        lines.push(`{"level":"${i % 50 ? "info" : "error"}","source":"s${i % 8}","job_run_id":"${i % 40}","message":"${message}"}`);
    }
    return lines.join("\n");
}

async function store(hub, lines) {
    for (let from = 0; from < lines; from += BATCH) {
        const answer = await hub.ask("/api/v1/logs", {}, {
            method: "POST",
            headers: { "content-type": "application/x-ndjson" },
            body: batch(Math.min(BATCH, lines - from), from),
        });
        if (answer.status !== 200) throw new Error(answer.text);
    }
}

/** Says, in every page from now on, when the first frame came that shows what `selector` names. */
function watchFor(page, selector) {
    return page.addInitScript((wanted) => {
        const look = () => {
            if (document.querySelector(wanted)) requestAnimationFrame(() => (window.shownAt = performance.now()));
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    }, selector);
}

const figures = (found, n) => {
    found.sort((a, b) => a - b);
    return `median ${quantile(found, 0.5).toFixed(0)} ms, best ${found[0].toFixed(0)}, worst ${found.at(-1).toFixed(0)} (${n} times, load ${load()})`;
};

/** Opens an address n times: milliseconds from the beginning of the navigation, and of them how much the
 * page's main thread worked. */
async function times(hub, path, selector, n) {
    const [shown, worked] = [[], []];
    const page = await openPage(stage, "about:blank");
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    await watchFor(page, selector);
    for (let i = 0; i < n; i += 1) {
        await page.goto("about:blank");
        const cpu = async () =>
            (await devtools.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
        const before = await cpu();
        await page.goto(hub.url + path);
        shown.push(await until("the row", () => page.evaluate(() => window.shownAt), 60_000));
        worked.push(Math.max(0, (await cpu()) - before));
    }
    say("  on the screen after", figures(shown, n));
    say("  processor time of the page", figures(worked, n));
}

async function paint(hub, n = 11) {
    await store(hub, 2000);
    say("the last 500 lines", "");
    await times(hub, "/logs", ".row", n);
}

async function deep(hub, lines = 7_000_000, n = 11) {
    await store(hub, lines);
    const id = Math.floor(lines / 2);
    const { json } = await hub.ask("/api/v1/stats");
    say("store", `${json.records} records, ${(json.bytes / 1e6).toFixed(0)} MB of messages`);
    say("a line in its middle", "");
    await times(hub, `/logs?at=${id}`, `.row[data-id="${id}"]`, n);
}

/** Processor time in ms of a process and all its threads. */
function cpuMs(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
}

function processes() {
    return readdirSync("/proc").flatMap((pid) => {
        try {
            const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
            const parent = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ")[1];
            return [{ pid, parent, command }];
        } catch {
            return []; // not a process, or one that has just ended
        }
    });
}

/** The busiest renderer of the browser whose profile lies in the stage's folder. */
function renderer() {
    const all = processes();
    const ours = new Set(all.filter(({ command }) => command.includes(`--user-data-dir=${stage.dir}`)).map(({ pid }) => pid));
    for (let before = -1; before !== ours.size; ) {
        before = ours.size;
        for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid);
    }
    const renderers = all.filter(({ pid, command }) => ours.has(pid) && command.includes("--type=renderer"));
    return renderers.sort((a, b) => cpuMs(b.pid) - cpuMs(a.pid))[0].pid;
}

async function watch(page) {
    await page.evaluate(() => {
        const seen = (window.seen = { frames: [], tasks: [], heap: [] });
        let last = performance.now();
        const frame = (now) => {
            seen.frames.push(now - last);
            last = now;
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
        new PerformanceObserver((list) => {
            for (const task of list.getEntries()) seen.tasks.push(task.duration);
        }).observe({ entryTypes: ["longtask"] });
        setInterval(() => seen.heap.push(performance.memory.usedJSHeapSize), 1000);
    });
}

function tellFrames({ frames, tasks }, seconds) {
    frames.sort((a, b) => a - b);
    tasks.sort((a, b) => a - b);
    say("frames a second", (frames.length / seconds).toFixed(1));
    say("frame", `median ${quantile(frames, 0.5).toFixed(1)} ms, p99 ${quantile(frames, 0.99).toFixed(1)}, worst ${frames.at(-1).toFixed(0)}`);
    say("tasks over 50 ms", `${tasks.length}, worst ${(tasks.at(-1) ?? 0).toFixed(0)} ms`);
}

function tellHeap({ heap }) {
    const mb = (bytes) => (bytes / 1e6).toFixed(0);
    const third = Math.max(1, Math.floor(heap.length / 3));
    const least = (part) => Math.min(...part);
    say("heap after collection", `${mb(least(heap.slice(0, third)))} MB in the first third, ${mb(least(heap.slice(-third)))} in the last`);
}

const CEILING_S = 30;

/** Frames of a page without the viewer, in the same browser. */
async function ceiling(page, name, draw) {
    await page.goto("about:blank");
    await page.evaluate(draw);
    await watch(page);
    await new Promise((resolve) => setTimeout(resolve, CEILING_S * 1000));
    say(name, `load ${load()}`);
    tellFrames(await page.evaluate(() => window.seen), CEILING_S);
}

/** Forty rows as the list has them, each with another text in every frame. */
function drawRows() {
    document.body.style.cssText = "margin:0;background:#0f1214;color:#d3d8db;font:12.5px/20px monospace";
    const texts = Array.from({ length: 40 }, (_, i) => {
        const row = document.createElement("div");
        row.style.cssText = `position:absolute;left:0;right:0;top:${i * 20}px;height:20px;white-space:pre;contain:strict`;
        document.body.append(row);
        return row.appendChild(new Text(""));
    });
    let n = 0;
    const frame = () => {
        for (const text of texts) text.data = `10:00:00.000  INFO   writer  out ${(n += 1)} the quick brown fox jumps over the lazy dog and comes back`;
        requestAnimationFrame(frame);
    };
    frame();
}

async function run(hub, seconds = 600, rate = 5000, fill = 1_000_000) {
    const page = await openPage(stage, "about:blank");
    await page.addInitScript(() => localStorage.setItem("logmill.prefs", JSON.stringify({ keep: 1_000_000 })));
    await page.goto(`${hub.url}/logs`);
    await page.locator("[data-testid=status][data-state=live]").waitFor();
    const shown = async () => Number(await page.getByTestId("list").getAttribute("data-shown"));
    for (let from = 0; from < fill; from += BATCH) {
        await store(hub, BATCH);
        await until("the page to keep up", async () => (await shown()) >= Math.min(from + BATCH, 990_000), 120_000);
    }
    say("rows in the page", await shown());
    await watch(page);
    const pid = renderer();
    const before = cpuMs(pid);
    const where = ["--socket", hub.socket, "--state-dir", hub.stateDir, "--log-dir", hub.logDir];
    const command = [program("writer"), String(rate)];
    const writer = new Process("writer", LOGMILL, ["run", ...where, "--name", "writer", "--quiet", "--", ...command], { env: stage.env });
    const received = async () => Number(await page.getByTestId("list").getAttribute("data-received"));
    const [first, start] = [await received(), Date.now()];
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const took = (Date.now() - start) / 1000;
    const records = (await received()) - first;
    const cpu = cpuMs(pid) - before;
    const seen = await page.evaluate(() => window.seen);
    const dropped = await page.getByTestId("dropped").count();
    const faults = await page.getByTestId("list").getAttribute("data-order-faults");
    tellFrames(seen, took);
    tellHeap(seen);
    say("renderer, processor time", `${((cpu / took) / 10).toFixed(0)} % of one core, ${((cpu / records) * 1000).toFixed(1)} us a record`);
    say("rows in the page", await shown());
    say("dropped, order faults", `${dropped}, ${faults}`);
    say("records a second", `${(records / took).toFixed(0)} over ${took.toFixed(0)} s, load ${load()}`);
    await ceiling(page, "an empty page", () => undefined);
    await ceiling(page, "40 rows of text", drawRows);
    writer.signal("SIGTERM");
    await writer.end(60_000);
}

const [what = "paint", ...numbers] = process.argv.slice(2);
const task = { paint, deep, run }[what];
if (!task) {
    console.error("usage: node bench/viewer.mjs paint|deep|run [numbers]");
    process.exit(2);
}
const hub = new Hub(stage.dir, stage.env, { settings: { retention: { max_bytes: "20GB" } } });
try {
    await hub.start();
    await task(hub, ...numbers.map(Number));
} finally {
    for (const client of stage.clients) await client.close();
    await hub.cleanUp();
    rmSync(stage.dir, { recursive: true, force: true, maxRetries: 5 });
}

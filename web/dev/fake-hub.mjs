// SPDX-License-Identifier: MIT
//
// node dev/fake-hub.mjs [port] [lines per second] [folder of the built page]
//
// A hub of make-believe for work on the page: serves it with the real security headers and streams
// invented lines with tail, after, level, search and job_run_id. GET /fake?rate=N changes the speed,
// /fake?drop=N invents a notice, /fake?cut=1 ends all streams, /fake?mute=1 stops everything
// without ending it, /fake?down=MS refuses streams for a while, /fake?say=TEXT says one line.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const [port = "8514", rateText = "20", folder = "dist"] = process.argv.slice(2);
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const EPOCH = "5eed0001";
const JOBS = ["nightly-import-0412", "render-7f3a", "deploy-eu-west"];
const SOURCES = ["api", "worker-1", "worker-2", "scheduler", "ingest-pipeline-east"];
const ESC = "\u001b";
const TEXTS = [
    [2, () => `GET /api/v1/orders/${n(9999)} 200 ${n(80)} ms`],
    [2, () => `handled ${n(400)} messages in ${n(900)} ms, queue depth ${n(50)}`],
    [1, () => `cache miss for key user:${n(99999)}:profile, loading from the store`],
    [2, () => `${ESC}[32m✓${ESC}[0m compiled ${ESC}[1m${n(300)}${ESC}[0m modules in ${ESC}[36m${n(5)}.${n(9)}s${ESC}[0m`],
    [0, () => `enter reconcile loop generation=${n(100)} pending=${n(10)}`],
    [2, () => `Größe geändert: 東京-${n(9)} → café №${n(40)} 🚀 fertig`],
    [3, () => `slow query (${1000 + n(900)} ms): select * from line where run = $1 order by id limit 500`],
    [4, () => `upstream connect error: connection reset by peer (10.2.0.${n(255)}:5432), attempt ${n(5)}`],
    [2, () => `\t${ESC}[38;5;208mprogress${ESC}[0m ${"█".repeat(n(20) + 1)} ${n(100)}%\r`],
    [2, () => `checkpoint ${n(1e6)} written: ${"segment sealed and synced, ".repeat(6)}next in 60 s`],
];
let seed = 7;
const n = (max) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % max;
};

let id = 0;
let rate = Number(rateText);
let mute = false;
let downUntil = 0;
const ring = [];
const clients = new Set();

function record(message, level) {
    id += 1;
    const r = { id, timestamp: new Date().toISOString(), level: LEVELS[level], stream: level > 3 ? "stderr" : "stdout",
        source: SOURCES[n(SOURCES.length)], message, job_run_id: JOBS[n(JOBS.length)], task_name: "step-" + n(4) };
    if (n(5) === 0) r.fields = { duration_ms: n(900), http: { method: "GET", status: 200 }, host: "node-" + n(12) };
    return r;
}

function invent() {
    if (n(400) === 0) return record("panic: invalid page checksum, stopping now\n    at page_read (page.c:211)\n    at main", 5);
    const weights = [0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 8, 9, n(6) ? 0 : 6, n(9) ? 1 : 7];
    const [level, text] = TEXTS[weights[n(weights.length)]];
    return record(text(), level);
}

const matches = (c, r) =>
    LEVELS.indexOf(r.level) >= c.level && (!c.job || r.job_run_id === c.job) &&
    (!c.search || r.message.toLowerCase().includes(c.search));
const event = (r) => `event: log\nid: ${EPOCH}.${r.id}\ndata: ${JSON.stringify(r)}\n\n`;

function publish(records) {
    ring.push(...records);
    if (ring.length > 220000) ring.splice(0, 20000);
    if (mute) return;
    for (const c of clients) {
        const text = records.filter((r) => matches(c, r)).map(event).join("");
        if (text) c.response.write(text);
    }
}

function stream(url, response) {
    const q = url.searchParams;
    const c = { response, level: Math.max(0, LEVELS.indexOf(q.get("level"))), job: q.get("job_run_id"),
        search: q.get("search")?.toLowerCase() };
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    const after = q.get("after");
    const found = after
        ? ring.filter((r) => r.id > Number(after.split(".").pop()) && matches(c, r))
        : ring.filter((r) => matches(c, r)).slice(-Number(q.get("tail") ?? 0) || ring.length);
    response.write("retry: 300\n\n" + found.map(event).join(""));
    clients.add(c);
    response.on("close", () => clients.delete(c));
}

function control(q) {
    if (q.has("rate")) rate = Number(q.get("rate"));
    if (q.has("mute")) mute = q.get("mute") === "1";
    if (q.has("down")) downUntil = Date.now() + Number(q.get("down"));
    if (q.has("cut") || q.has("down")) for (const c of clients) c.response.destroy();
    if (q.has("say")) publish([record(q.get("say"), 2)]);
    if (q.has("drop")) {
        const count = Number(q.get("drop"));
        const notice = { type: "dropped", from: id, to: id + count, count, levels: { error: 2 }, reason: "slow", level: "warn",
            stream: "system", message: `${count} lines dropped (2 errors)`, timestamp: new Date().toISOString() };
        id += count;
        for (const c of clients) c.response.write(`event: dropped\nid: ${EPOCH}.${id}\ndata: ${JSON.stringify(notice)}\n\n`);
    }
}

function file(path, response) {
    const name = path === "/" || path === "/logs" ? "index.html" : normalize(path).replace(/^(\.\.[/\\])+/, "");
    const full = join(folder, name);
    if (!existsSync(full)) return void response.writeHead(404).end("not found\n");
    response.writeHead(200, {
        "Content-Type": TYPES[extname(full)] ?? "application/octet-stream",
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
    createReadStream(full).pipe(response);
}

createServer((request, response) => {
    const url = new URL(request.url, "http://hub");
    if (url.pathname === "/api/v1/logs/stream/sse") {
        if (Date.now() < downUntil) return void response.writeHead(503, { "Content-Type": "application/json" })
            .end('{"error":{"code":"unavailable","message":"the hub is starting","details":null}}');
        return stream(url, response);
    }
    if (url.pathname === "/fake") {
        control(url.searchParams);
        return void response.end(JSON.stringify({ id, clients: clients.size }));
    }
    return file(url.pathname, response);
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));

let last = Date.now();
let owed = 600;
setInterval(() => {
    const now = Date.now();
    owed += ((now - last) / 1000) * rate;
    last = now;
    const count = Math.floor(owed);
    owed -= count;
    if (count > 0) publish(Array.from({ length: count }, invent));
}, 10);
setInterval(() => {
    if (!mute) for (const c of clients) c.response.write(`: hb\nid: ${EPOCH}.${id}\n\n`);
}, 5000);

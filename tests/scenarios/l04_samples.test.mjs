// SPDX-License-Identifier: MIT
//
// Samples of logs, appended in random slices while they are rotated, deleted and made anew: number, order
// and bytes of the records are those of the input.
//
// LOGMILL_SAMPLES names a folder of logs to use instead of the small made ones; LOGMILL_SAMPLE_LINES how many
// lines of each (default: all).

import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const FOLDER = process.env.LOGMILL_SAMPLES;
const LINES_MAX = Number(process.env.LOGMILL_SAMPLE_LINES ?? Infinity);

const MADE = {
    "syslog.log": (i) => `Jan  ${1 + (i % 9)} 03:04:05 host app[${i}]: ${i % 7 ? "ok" : "warning: slow"} ${i}`,
    "json.log": (i) => JSON.stringify({ level: ["info", "warn", "error"][i % 3], msg: `json ${i}`, n: i }),
    "latin1.log": (i) => `caf\xe9 ${i} \xff\xfe`,
    "windows.log": (i) => `2026-01-02 03:04:05, Info  CBS  line ${i}\r`,
    "odd.log": (i) => ["", "\0\0", "\r", "\x1b[31mred\x1b[0m", "a\rb", " ".repeat(i % 50), `\u{1F4F8} ${i}`][i % 7],
    "long.log": (i) => (i % 40 ? `short ${i}` : `long ${"y".repeat(9000 + i)}`),
};

/** name -> bytes, cut behind a whole line. */
function samples() {
    const found = new Map();
    if (!FOLDER)
        for (const [name, line] of Object.entries(MADE)) {
            const lines = Array.from({ length: 600 }, (_, i) => line(i));
            found.set(name, Buffer.from(`${lines.join("\n")}\n`, name === "latin1.log" ? "latin1" : "utf8"));
        }
    else
        for (const path of readdirSync(FOLDER, { recursive: true })) {
            const full = join(FOLDER, path);
            if (!statSync(full).isFile() || /\.(gz|xz|zst|bz2|journal)$/.test(path) || statSync(full).size > 64 << 20) continue;
            const bytes = cut(readFileSync(full));
            if (bytes.length > 0) found.set(path.replaceAll(/[^A-Za-z0-9.-]/g, "_"), bytes);
        }
    return found;
}

function cut(bytes) {
    let end = 0;
    for (let n = 0; n < LINES_MAX; n++) {
        const lf = bytes.indexOf(10, end);
        if (lf < 0) break;
        end = lf + 1;
    }
    return bytes.subarray(0, end);
}

/** What the records must say: the lines, without their ends, as any UTF-8 decoder reads them. */
function expected(bytes) {
    const lines = [];
    for (let at = 0; at < bytes.length; ) {
        const lf = bytes.indexOf(10, at);
        const end = lf > at && bytes[lf - 1] === 13 ? lf - 1 : lf;
        lines.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(at, end)));
        at = lf + 1;
    }
    return lines;
}

let written = 0;

class Writer {
    rotations = 0;

    constructor(path, bytes) {
        Object.assign(this, { path, bytes, at: 0, fd: openSync(path, "a") });
    }

    slice() {
        const n = 1 + Math.floor(Math.random() ** 3 * 30_000);
        this.put(this.bytes.subarray(this.at, this.at + n));
        return this.at < this.bytes.length;
    }

    /** Up to the end of the line: rotation happens between lines. */
    line() {
        const lf = this.bytes.indexOf(10, this.at - 1);
        if (this.at > 0) this.put(this.bytes.subarray(this.at, lf + 1));
    }

    put(bytes) {
        const n = writeSync(this.fd, bytes);
        this.at += n;
        written += n;
    }

    again() {
        closeSync(this.fd);
        this.fd = openSync(this.path, "a");
    }
}

scenario(
    "number, order and bytes are those of the input",
    async (s, t) => {
        const dir = s.folder("log");
        const sources = samples();
        const hub = await s.hub({
            settings: { files: [...sources.keys()].map((name) => ({ path: join(dir, name), source: sourceOf(name), format: "text" })) },
        });
        let total = 0;
        for (const [name, bytes] of sources) {
            const lines = expected(bytes);
            total += lines.length;
            await write(hub, join(dir, name), bytes);
            const source = sourceOf(name);
            await until(
                () => `${lines.length} lines of ${name}`,
                async () => (await hub.get("/api/v1/logs", { source, limit: 1 })).json.pagination.total >= lines.length,
                60_000,
            );
            const found = await all(hub, source);
            assert.equal(found.length, lines.length, name);
            for (let i = 0; i < lines.length; i++) assert.equal(found[i], lines[i], `${name}, line ${i + 1}`);
        }
        t.diagnostic(`${sources.size} files, ${total} lines`);
    },
    { timeout: FOLDER ? 1_800_000 : 60_000 },
);

function sourceOf(name) {
    return name.slice(0, 64);
}

async function write(hub, path, bytes) {
    const writer = new Writer(path, bytes);
    while (writer.slice()) {
        await new Promise((resume) => setImmediate(resume));
        const dice = Math.random();
        if (dice < 0.1) {
            writer.line();
            renameSync(path, `${path}.${++writer.rotations}`);
            writer.again();
        } else if (dice < 0.13) {
            writer.line();
            await caughtUp(hub, path);
            rmSync(path);
            writer.again();
        }
    }
    closeSync(writer.fd);
}

/** What is deleted before anybody could open it is beyond reach, so the writer waits until all was read. */
async function caughtUp(hub, path) {
    await until(
        () => `the hub to have read all ${written} bytes before ${path} is deleted`,
        async () => (await hub.metric("file_bytes_total")) === written,
        30_000,
    );
}

async function all(hub, source) {
    const messages = [];
    for (let cursor; ; ) {
        const page = (await hub.get("/api/v1/logs", { source, order: "asc", limit: 10_000, offset: messages.length, ...(cursor && { cursor }) })).json;
        cursor = page.pagination.cursor;
        messages.push(...page.logs.map((r) => r.message));
        if (page.pagination.count < 10_000) return messages;
    }
}

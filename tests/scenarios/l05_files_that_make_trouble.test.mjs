// SPDX-License-Identifier: MIT
//
// files: no permission, no watches left, a line of a gigabyte, and ten thousand quiet files.
//
// LOGMILL_LINE_MIB is the length of the long line (64; 1024 by hand), LOGMILL_FILES how many files are followed
// (1,000; 10,000 by hand).

import assert from "node:assert/strict";
import { appendFileSync, chmodSync, chownSync, closeSync, openSync, readFileSync, readdirSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const NOBODY = 65534;
const LINE_MIB = Number(process.env.LOGMILL_LINE_MIB ?? 64);
const FILES = Number(process.env.LOGMILL_FILES ?? 1000);
const isRoot = process.getuid() === 0;

async function total(hub, source) {
    return (await hub.get("/api/v1/logs", { source, limit: 1 })).json.pagination.total;
}

if (isRoot)
    scenario("permission lost and back: said once, read on from where it was", async (s) => {
        const dir = s.folder("log");
        for (const path of [s.dir, dir]) {
            chmodSync(path, 0o755);
            chownSync(path, NOBODY, NOBODY);
        }
        const path = join(dir, "app.log");
        writeFileSync(path, "one\n", { mode: 0o600 });
        const hub = await s.hub({
            settings: { files: [{ path: join(dir, "*.log") }] },
            wrapper: ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"],
        });
        await hub.process.says(/app\.log cannot be read: Permission denied; it is tried again/);
        chmodSync(path, 0o644);
        await until("the line", async () => (await total(hub, "app")) === 1);
        await hub.process.says(/app\.log can be read again/);
        chmodSync(dir, 0o000);
        await hub.stop();
        await hub.start();
        await hub.process.says(/log cannot be read: Permission denied; it is tried again|folder .* cannot be read/);
        appendFileSync(path, "two\n");
        chmodSync(dir, 0o755);
        await until("both lines", async () => (await total(hub, "app")) === 2);
    });

scenario("without watches it says so, and looks at the folder itself", async (s) => {
    const dir = s.folder("log");
    const hub = await s.hub({
        settings: { files: [{ path: join(dir, "*.log") }] },
        wrapper: ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=inotify_add_watch", "-e", "inject=inotify_add_watch:error=ENOSPC"],
    });
    await hub.process.says(/inotify cannot watch .*log \(No space left on device\): .* looked at every 1000 ms .* fs\.inotify\.max_user_watches/);
    writeFileSync(join(dir, "app.log"), "one\n");
    await until("the line", async () => (await total(hub, "app")) === 1);
    assert.equal(await hub.metric("folders_polled"), 1);
});

scenario("a line that does not end comes in parts and takes no memory", async (s, t) => {
    const dir = s.folder("log");
    const hub = await s.hub({ settings: { journal_max: "128MiB", files: [{ path: join(dir, "*.log"), source: "long" }] } });
    const fd = openSync(join(dir, "a.log"), "a");
    const block = Buffer.alloc(1 << 20, "x");
    const memory = () => Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${hub.pid}/status`, "utf8"))[1]);
    let before = 0;
    let most = 0;
    for (let i = 0; i < LINE_MIB; i++) {
        writeSync(fd, block);
        if (i % 16 === 15) {
            await until("the hub to keep up", async () => (await hub.metric("file_bytes_total")) >= (i + 1) << 20, 60_000);
            if (!before) before = memory();
            most = Math.max(most, memory());
        }
    }
    writeSync(fd, "\nnext\n");
    closeSync(fd);
    await until("the next line", async () => (await hub.get("/api/v1/logs", { source: "long", limit: 1 })).json.logs[0]?.message === "next", 60_000);
    t.diagnostic(`RssAnon ${before} kB after 16 MiB, at most ${most} kB after ${LINE_MIB} MiB`);
    assert.ok(most - before < 8 * 1024, `grew by ${most - before} kB`);
}, { timeout: 600_000 });

scenario("many quiet files cost nothing", async (s, t) => {
    const dir = s.folder("log");
    for (let i = 0; i < FILES; i++) writeFileSync(join(dir, `${i}.log`), `line of ${i}\n`);
    const hub = await s.hub({ settings: { files: [{ path: join(dir, "*.log"), source: "many" }] } });
    await until("all of them", async () => (await total(hub, "many")) === FILES, 60_000);
    assert.equal(await hub.metric("files"), FILES);
    assert.ok((await hub.metric("files_open")) <= 1024);
    assert.ok(readdirSync(`/proc/${hub.pid}/fd`).length < 1100);
    appendFileSync(join(dir, "77.log"), "one more\n");
    await until("one more", async () => (await total(hub, "many")) === FILES + 1);
    t.diagnostic(`${FILES} files: RssAnon ${/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${hub.pid}/status`, "utf8"))[1]} kB`);
}, { timeout: 120_000 });

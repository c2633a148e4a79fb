// SPDX-License-Identifier: MIT
//
// files: what is appended to a file reaches clients and history once and in order, through rotation,
// deletion, links, and the death of the hub.

import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ledgerOf, Ledger } from "../lib/ledger.mjs";
import { LogFile } from "../lib/logfile.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const JOB = "files";
const ROTATIONS = Number(process.env.LOGMILL_ROTATIONS ?? 60);

function following(path, more = {}) {
    return { settings: { client_lag: "32MiB", files: [{ path, source: "app", labels: { job_run_id: JOB }, ...more }] } };
}

async function messages(hub, params = {}) {
    return (await hub.history(JOB, params)).logs.map((r) => r.message);
}

async function total(hub) {
    return (await hub.get(`/api/v1/logs/job-runs/${JOB}`, { limit: 1 })).json.pagination.total;
}

/** All of history once it has so many records. */
async function all(hub, count, params) {
    let found = 0;
    await until(
        () => `${count} records; there are ${found}`,
        async () => (found = await total(hub)) >= count,
    );
    const { logs } = await hub.history(JOB, params);
    assert.equal(logs.length, count);
    return logs;
}

scenario("a file that is there is read from its beginning, and what is appended arrives live", async (s) => {
    const dir = s.folder("log");
    writeFileSync(join(dir, "app.log"), "one\n[WARN] two\r\nthr");
    const hub = await s.hub(following(join(dir, "*.log"), { source: undefined }));
    const client = await s.websocket(hub, { job_run_id: JOB, after: "0" });
    appendFileSync(join(dir, "app.log"), "ee\n");
    await until("three lines live", () => client.records.length === 3);
    assert.deepEqual(
        client.records.map((r) => [r.message, r.level, r.source, r.file]),
        [
            ["one", "info", "app", join(dir, "app.log")],
            ["[WARN] two", "warn", "app", join(dir, "app.log")],
            ["three", "info", "app", join(dir, "app.log")],
        ],
    );
});

scenario("files that come later, in folders that come later, are found", async (s) => {
    const dir = s.path("later");
    const hub = await s.hub(following(join(dir, "*", "deep", "**", "*.log")));
    mkdirSync(join(dir, "a", "deep"), { recursive: true });
    appendFileSync(join(dir, "a", "deep", "1.log"), "first\n");
    await all(hub, 1);
    mkdirSync(join(dir, "b", "deep", "x", "y"), { recursive: true });
    appendFileSync(join(dir, "b", "deep", "x", "y", "2.log"), "second\n");
    appendFileSync(join(dir, "b", "deep", "x", "y", "2.txt"), "not this one\n");
    await all(hub, 2);
    rmSync(dir, { recursive: true });
    mkdirSync(join(dir, "a", "deep"), { recursive: true });
    appendFileSync(join(dir, "a", "deep", "1.log"), "third\n");
    const logs = await all(hub, 3);
    assert.deepEqual(logs.map((r) => r.message), ["first", "second", "third"]);
});

scenario("start: end leaves out what was there, and remembers that it did", async (s) => {
    const dir = s.folder("log");
    writeFileSync(join(dir, "a.log"), "old\n");
    const hub = await s.hub(following(join(dir, "*.log"), { start: "end" }));
    await until("the file to be open", async () => (await hub.metric("files_open")) === 1);
    await hub.kill();
    appendFileSync(join(dir, "a.log"), "new\n");
    await hub.start();
    writeFileSync(join(dir, "b.log"), "born later\n");
    assert.deepEqual((await all(hub, 2)).map((r) => r.message), ["new", "born later"]);
});

scenario("rotated, remade, and the hub killed in between: every line once, in order", async (s) => {
    const dir = s.folder("log");
    const hub = s.newHub(following(join(dir, "app.log")));
    await hub.start();
    const client = await s.websocket(hub, { job_run_id: JOB, after: "0" }, { resume: true });
    client.ledger = new Ledger("WebSocket");
    for (const record of client.records.splice(0)) client.ledger.add(record);
    client.onRecord = (record) => client.ledger.add(record);
    const file = new LogFile(join(dir, "app.log"));
    for (let i = 1; i <= ROTATIONS; i++) {
        for (let j = 0; j < 5; j++) {
            file.write(Math.floor(Math.random() * 100));
            await new Promise((resume) => setImmediate(resume));
        }
        file.rotate();
        if (i % 20 === 10) await hub.kill();
        if (i % 20 === 13) await hub.start();
    }
    file.write(10);
    file.close();
    await until(() => `all ${file.lines} lines live; ${client.ledger.total} came`, () => client.ledger.total >= file.lines, 30_000);
    client.ledger.assertClean();
    assert.equal(client.ledger.total, file.lines);
    const { logs, total } = await hub.history(JOB);
    ledgerOf("history", logs).assertClean();
    assert.equal(total, file.lines);
});

scenario("deleted and made anew, again and again", async (s) => {
    const dir = s.folder("log");
    const hub = await s.hub(following(join(dir, "app.log")));
    const file = new LogFile(join(dir, "app.log"));
    for (let i = 0; i < 30; i++) {
        file.write(50);
        file.flush();
        await until("the file to be open", async () => (await hub.metric("files_open")) > 0);
        // a file that nobody could open before it was deleted is beyond anybody's reach
        const lines = file.lines;
        await until(`${lines} lines`, async () => (await total(hub)) >= lines);
        file.write(5);
        file.remake();
    }
    file.close();
    const logs = await all(hub, file.lines);
    ledgerOf("history", logs).assertClean();
});

scenario("cut short: only what was written since the last read is lost, and that is said", async (s) => {
    const dir = s.folder("log");
    const path = join(dir, "app.log");
    const hub = await s.hub(following(path));
    const file = new LogFile(path);
    file.write(100);
    file.flush();
    await all(hub, 100);
    appendFileSync(path, "unfinished");
    await until("these bytes too", async () => (await hub.metric("file_bytes_total")) >= 100);
    await until("quiet", async () => (await hub.get("/metrics")).text.includes("logmill_files_open 1"));
    file.copyTruncate();
    await until("the cut to be seen", async () => (await hub.metric("files_cut_total")) === 1);
    file.write(50);
    file.flush();
    const logs = await all(hub, 152);
    ledgerOf("history", logs).assertClean();
    const notes = logs.filter((r) => r.stream === "system");
    assert.equal(notes.length, 1);
    assert.match(notes[0].message, /app\.log was cut short after byte \d+ had been read; .* unknown/);
    assert.equal(logs[100].message, "unfinished");
    assert.equal(logs[100].unterminated, true);
    // written anew to more than its old length before anybody looked
    await hub.kill();
    truncateSync(path);
    writeFileSync(path, `something else\n${"y".repeat(20_000)}\n`);
    await hub.start();
    const now = await all(hub, 155);
    assert.match(now[152].message, /is not the file any more that was read/);
    assert.equal(now[153].message, "something else");
});

scenario("a link is followed to where it leads, also when it leads elsewhere", async (s) => {
    const dir = s.folder("log");
    const real = s.folder("real");
    writeFileSync(join(real, "1"), "one\n");
    writeFileSync(join(real, "2"), "two\n");
    symlinkSync(join(real, "1"), join(dir, "current.log"));
    const hub = await s.hub(following(join(dir, "*.log")));
    await all(hub, 1);
    appendFileSync(join(real, "1"), "one more\n");
    await all(hub, 2);
    symlinkSync(join(real, "2"), join(dir, "next"));
    renameSync(join(dir, "next"), join(dir, "current.log"));
    await all(hub, 3);
    renameSync(join(real, "2"), join(real, "2.old"));
    writeFileSync(join(real, "2"), "anew\n");
    assert.deepEqual((await all(hub, 4)).map((r) => r.message), ["one", "one more", "two", "anew"]);
});

scenario("a FIFO, a folder or a device is said once, never opened, and a file in its place is followed", async (s) => {
    const dir = s.folder("log");
    const path = join(dir, "app.log");
    assert.equal(await s.spawn("mkfifo", "mkfifo", [path]).end(), 0);
    const hub = await s.hub(following(join(dir, "*.log")));
    await hub.process.says(/app\.log is a FIFO and not a file: it is not followed/);
    rmSync(path);
    mkdirSync(path);
    await hub.process.says(/app\.log is a folder and not a file/);
    rmSync(path, { recursive: true });
    writeFileSync(path, "a file at last\n");
    assert.deepEqual((await all(hub, 1)).map((r) => r.message), ["a file at last"]);
    assert.equal(hub.process.stderr.match(/not a file/g).length, 2);
});

scenario("two patterns and two names for one file make one stream", async (s) => {
    const dir = s.folder("log");
    writeFileSync(join(dir, "app.log"), "once\n");
    symlinkSync("app.log", join(dir, "current.log"));
    const hub = await s.hub({
        settings: {
            files: ["*.log", "app.*"].map((p) => ({ path: join(dir, p), labels: { job_run_id: JOB } })),
        },
    });
    await all(hub, 1);
    appendFileSync(join(dir, "app.log"), "twice\n");
    assert.deepEqual((await all(hub, 2)).map((r) => r.message), ["once", "twice"]);
});

scenario("excluded files, sources that are not stored, and the hub's own files", async (s) => {
    const dir = s.folder("log");
    const hub = s.newHub({
        settings: {
            files: [
                { path: join(dir, "*.log"), exclude: "secret*", source: "app", store: false, labels: { job_run_id: JOB } },
                { path: join(s.dir, "logs", "*.log"), source: "own" },
            ],
        },
    });
    mkdirSync(hub.logDir);
    writeFileSync(join(hub.logDir, "x.log"), "no\n");
    await hub.start();
    await hub.process.says(/logs belongs to the hub itself: its files are not followed/);
    const client = await s.websocket(hub, { job_run_id: JOB });
    writeFileSync(join(dir, "secret.log"), "no\n");
    writeFileSync(join(dir, "app.log"), "yes\n");
    await until("a line", () => client.records.length === 1);
    assert.equal(client.records[0].message, "yes");
    assert.deepEqual(await messages(hub), []);
});

// SPDX-License-Identifier: MIT
//
// How lines are understood: what a configuration can add, and the files of containers.

import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

async function records(hub, count, params = {}) {
    let logs = [];
    await until(
        () => `${count} records; there are ${logs.length}: ${JSON.stringify(logs.slice(-3))}`,
        async () => (logs = (await hub.get("/api/v1/logs", { limit: 1000, order: "asc", ...params })).json.logs).length >= count,
    );
    assert.equal(logs.length, count);
    return logs;
}

scenario("zone, level rules, default level and format of files", async (s) => {
    const dir = s.folder("log");
    const lines = "2026-01-02 15:04:05 started\n📸 taken\nrequest timed out\nlevel=warn msg=odd n=1\n";
    for (const name of ["told.log", "not.log"]) writeFileSync(join(dir, name), lines);
    const hub = await s.hub({
        settings: {
            files: [
                {
                    path: join(dir, "told.log"),
                    timezone: "Europe/Berlin",
                    format: "text",
                    levels: [
                        { match: "📸", level: "error" },
                        { match: "/time(d)? out/", level: "warn" },
                    ],
                    default_level: "debug",
                },
                { path: join(dir, "not.log") },
            ],
        },
    });
    const told = await records(hub, 4, { source: "told" });
    assert.deepEqual(told.map((r) => r.level), ["debug", "error", "warn", "warn"]);
    assert.equal(told[0].timestamp, "2026-01-02T14:04:05.000000Z");
    assert.equal(told[3].message, "level=warn msg=odd n=1");
    const not = await records(hub, 4, { source: "not" });
    assert.deepEqual(not.map((r) => r.level), ["info", "info", "info", "warn"]);
    assert.equal(not[3].message, "odd");
    assert.notEqual(not[0].timestamp, told[0].timestamp);
});

scenario("the same for processes, and a log that a process writes itself", async (s) => {
    const dir = s.folder("work");
    const hub = await s.hub({
        processes: {
            game: {
                command: ["sh", "-c", "echo plain; echo 📸 >&2; echo quiet >&2; echo '[WARN] own' > own.log; sleep 60"],
                directory: dir,
                follow: "own.log",
                labels: { job_run_id: "7" },
                levels: [{ match: "📸", level: "info" }],
                default_level: { stdout: "debug", stderr: "warn" },
            },
        },
    });
    const logs = await records(hub, 4, { q: "source:game" });
    const found = Object.fromEntries(logs.map((r) => [r.message, [r.level, r.stream, r.process_id, r.job_run_id, r.file]]));
    assert.deepEqual(found, {
        plain: ["debug", "stdout", "game", "7", undefined],
        "📸": ["info", "stderr", "game", "7", undefined],
        quiet: ["warn", "stderr", "game", "7", undefined],
        "[WARN] own": ["warn", "stdout", "game", "7", join(dir, "own.log")],
    });
});

scenario("what cannot be used is said before anything starts", async (s) => {
    for (const [entry, text] of [
        [{ timezone: "Mars/Olympus" }, /timezone of \/x\/\*\.log: there is no zone 'Mars\/Olympus'/],
        [{ levels: [{ match: "/(/", level: "info" }] }, /levels of \/x\/\*\.log: \/\(\/ is not a regular expression/],
        [{ levels: [{ match: "x", level: "loud" }] }, /'level' is one of trace, debug, info, warn, error, fatal, not 'loud'/],
        [{ levels: [{ match: "x" }] }, /a rule needs both 'match' and 'level'/],
        [{ format: "xml" }, /'format' is one of auto, json/],
        [{ start: "middle" }, /'start' is one of beginning, end/],
        [{ pathh: "y" }, /unknown key 'pathh' of 'files': did you mean 'path'\?/],
    ]) {
        const hub = s.newHub({ settings: { files: [{ path: "/x/*.log", ...entry }] } });
        const check = s.logmill(["config", "check", "--config", hub.config]);
        assert.notEqual(await check.end(), 0);
        assert.match(check.stderr, text);
        hub.launch();
        assert.notEqual(await hub.process.end(), 0);
        assert.match(hub.process.stderr, text);
        hub.process = null;
    }
    const hub = s.newHub({ settings: { files: [{ source: "x" }] } });
    const check = s.logmill(["config", "check", "--config", hub.config]);
    assert.notEqual(await check.end(), 0);
    assert.match(check.stderr, /this entry of 'files' has no 'path'/);
});

/** Docker's json-file, as its driver writes it: pieces of 16 KiB, a line end in the last one. */
function docker(text, stream, time) {
    const pieces = [];
    for (let at = 0; at < text.length || at === 0; at += 16384) pieces.push(text.slice(at, at + 16384));
    return pieces
        .map((piece, i) => JSON.stringify({ log: piece + (i + 1 < pieces.length ? "" : "\n"), stream, time }) + "\n")
        .join("");
}

scenario("docker's json-files: unwrapped, joined, and once though the hub dies between two pieces", async (s) => {
    const id = "4f2a".repeat(16);
    const dir = join(s.folder("containers"), id);
    mkdirSync(dir);
    const path = join(dir, `${id}-json.log`);
    const hub = await s.hub({ settings: { files: [{ path: join(s.path("containers"), "*", "*-json.log"), source: "docker" }] } });
    const long = `[ERROR] ${"x".repeat(40_000)} end`;
    const pieces = docker(long, "stdout", "2026-01-02T03:04:05.6Z").split(/(?<=\n)/);
    assert.equal(pieces.length, 3);
    appendFileSync(path, docker("before", "stdout", "2026-01-02T03:04:05.123456789Z") + pieces[0]);
    appendFileSync(path, docker('{"level":30,"msg":"of pino","pid":1}', "stderr", "2026-01-02T03:04:06Z") + pieces[1]);
    await records(hub, 2, { source: "docker" });
    await hub.kill();
    await hub.start();
    appendFileSync(path, pieces[2] + docker("after", "stderr", "2026-01-02T03:04:07Z"));
    const logs = await records(hub, 4, { source: "docker" });
    assert.deepEqual(
        logs.map((r) => [r.message.length > 100 ? "long" : r.message, r.level, r.stream, r.timestamp]),
        [
            ["before", "info", "stdout", "2026-01-02T03:04:05.123456Z"],
            ["of pino", "info", "stderr", "2026-01-02T03:04:06.000000Z"],
            ["long", "error", "stdout", "2026-01-02T03:04:05.600000Z"],
            ["after", "error", "stderr", "2026-01-02T03:04:07.000000Z"],
        ],
    );
    assert.equal(logs[2].message, long);
});

scenario("Kubernetes: links to links, rotation behind them, P and F", async (s) => {
    const pods = s.folder("pods");
    const containers = s.folder("containers");
    const dir = join(pods, "web_7");
    mkdirSync(dir);
    const path = join(dir, "0.log");
    const cri = (tag, text, stream = "stdout") => `2026-01-02T03:04:05.000000001Z ${stream} ${tag} ${text}\n`;
    writeFileSync(path, cri("F", "one") + cri("P", "two ha"));
    symlinkSync(path, join(pods, "link"));
    symlinkSync(join(pods, "link"), join(containers, "web_default_c-1.log"));
    const hub = await s.hub({ settings: { files: [{ path: join(containers, "*.log"), format: "cri" }] } });
    await records(hub, 1, { q: "source:web_default_c-1" });
    appendFileSync(path, cri("F", "[WARN] other", "stderr") + cri("F", "lves"));
    const logs = await records(hub, 3, { q: "source:web_default_c-1" });
    assert.deepEqual(logs.map((r) => [r.message, r.level]), [
        ["one", "info"],
        ["[WARN] other", "warn"],
        ["two halves", "info"],
    ]);
    assert.equal(logs[0].file, join(containers, "web_default_c-1.log"));
});

scenario("join: false keeps the pieces apart, marked", async (s) => {
    const dir = s.folder("log");
    const cri = (tag, text) => `2026-01-02T03:04:05.000000001Z stdout ${tag} ${text}\n`;
    writeFileSync(join(dir, "a.log"), cri("P", "one") + cri("F", "two"));
    const hub = await s.hub({ settings: { files: [{ path: join(dir, "*.log"), join: false }] } });
    assert.deepEqual((await records(hub, 2, { source: "a" })).map((r) => r.message), ["one", "two"]);
});

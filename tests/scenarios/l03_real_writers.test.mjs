// SPDX-License-Identifier: MIT
//
// What well-known loggers write into files is understood without a word of configuration: pino,
// winston, bunyan, python's logging, and the traces of Java, Go, Python, Rust and C#.

import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const WRITER = fileURLToPath(new URL("../programs/real_writer.mjs", import.meta.url));

async function records(hub, source, count) {
    let logs = [];
    await until(
        () => `${count} records of ${source}; there are ${logs.length}`,
        async () => (logs = (await hub.get("/api/v1/logs", { source, limit: 1000, order: "asc" })).json.logs).length >= count,
    );
    assert.equal(logs.length, count);
    return logs;
}

function following(s) {
    const dir = s.folder("log");
    return [dir, { settings: { files: [{ path: join(dir, "*.log") }] } }];
}

scenario("pino, winston, bunyan", async (s) => {
    const [dir, options] = following(s);
    const hub = await s.hub(options);
    const before = Date.now() - 1000;
    const levels = ["trace", "info", "warn", "error", "fatal"];
    for (const library of ["pino", "winston", "bunyan"]) {
        const count = library === "winston" ? 4 : 5; // it has no fatal
        const writer = s.spawn(library, process.execPath, [WRITER, library, join(dir, `${library}.log`)]);
        assert.equal(await writer.end(), 0, writer.stderr);
        const logs = await records(hub, library, count);
        assert.deepEqual(logs.map((r) => r.level), levels.slice(0, count), library);
        assert.deepEqual(
            logs.map((r) => r.message),
            ["tiny", "signed in", "nearly full", "it failed", "the end"].slice(0, count),
            library,
        );
        assert.equal(logs[1].fields.user, "ann");
        assert.equal(logs[1].fields.took, 12.5);
        assert.equal(logs[2].job_run_id, "job-9");
        assert.match(JSON.stringify(logs[3].fields), /ENOSPC/);
        assert.match(JSON.stringify(logs[3].fields), /real_writer\.mjs/, "the stack is kept");
        for (const r of logs) assert.ok(Date.parse(r.timestamp) >= before && Date.parse(r.timestamp) <= Date.now() + 1000);
    }
});

const PYTHON = `
import logging, sys
logging.basicConfig(filename=sys.argv[1], level=logging.DEBUG,
                    format="%(asctime)s %(name)s %(levelname)s %(message)s")
log = logging.getLogger("app.db")
log.debug("tiny")
log.warning("nearly full")
try:
    {}["missing"]
except KeyError:
    log.exception("it failed")
log.critical("the end")
`;

scenario("python's logging, with the traceback of an exception", async (s) => {
    const [dir, options] = following(s);
    const hub = await s.hub(options);
    const python = s.spawn("python3", "python3", ["-c", PYTHON, join(dir, "python.log")]);
    assert.equal(await python.end(), 0, python.stderr);
    const lines = readFileSync(join(dir, "python.log"), "utf8").trimEnd().split("\n");
    const logs = await records(hub, "python", lines.length);
    assert.deepEqual(logs.map((r) => r.message), lines);
    const levels = logs.map((r) => r.level);
    assert.deepEqual([levels[0], levels[1], levels.at(-1)], ["debug", "warn", "fatal"]);
    assert.ok(levels.slice(2, -1).every((level) => level === "error"), levels.join());
    assert.ok(logs.length >= 7, "the traceback has lines of its own");
});

const TRACES = {
    java: [
        "2026-01-02 15:04:05.123  ERROR 4711 --- [main] c.e.App : it failed",
        "java.lang.IllegalStateException: no connection",
        "\tat com.example.App.run(App.java:12)",
        "\tat com.example.App.main(App.java:5)",
        "Caused by: java.io.IOException: disk",
        "\t... 2 more",
    ],
    go: [
        "panic: runtime error: index out of range [5] with length 3",
        "",
        "goroutine 1 [running]:",
        "main.main()",
        "\t/src/main.go:9 +0x1d",
        "exit status 2",
    ],
    rust: ["thread 'main' panicked at src/main.rs:4:5:", "index out of bounds", "stack backtrace:", "   0: rust_begin_unwind"],
    csharp: [
        "Unhandled exception. System.InvalidOperationException: no",
        "   at App.Program.Main(String[] args) in /src/Program.cs:line 9",
    ],
};

scenario("traces of Java, Go, Rust and C# are errors as a whole, written in pieces", async (s) => {
    const [dir, options] = following(s);
    const hub = await s.hub(options);
    for (const [name, lines] of Object.entries(TRACES)) {
        const text = `${lines.join("\n")}\n`;
        for (let at = 0; at < text.length; at += 7) appendFileSync(join(dir, `${name}.log`), text.slice(at, at + 7));
        const logs = await records(hub, name, lines.length);
        assert.deepEqual(logs.map((r) => r.message), lines);
        const grave = logs.filter((r) => ["error", "fatal"].includes(r.level)).length;
        const wanted = name === "go" ? lines.length - 1 : lines.length; // "exit status" is the shell's word
        assert.ok(grave >= wanted, `${name}: ${logs.map((r) => `${r.level} ${r.message}`).join("; ")}`);
    }
});

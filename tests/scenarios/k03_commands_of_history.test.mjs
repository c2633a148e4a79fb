// SPDX-License-Identifier: MIT
//
// query, export, import and stats: what they show, what they return to scripts, and that nothing is lost or doubled on
// the way out of one hub and into another.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { LOGMILL } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

/** A subcommand run to its end: { status, stdout, stderr }. */
function run(s, hub, args, { input = "", env = {} } = {}) {
    const p = spawnSync(LOGMILL, [args[0], "--socket", hub.socket, ...args.slice(1)], {
        env: { ...s.env, ...env },
        input,
        encoding: "utf8",
        maxBuffer: 1 << 28,
    });
    return { status: p.status, stdout: p.stdout, stderr: p.stderr, lines: p.stdout.split("\n").slice(0, -1) };
}

const at = (second, message, more = {}) => ({
    timestamp: new Date(Date.parse("2026-01-15T10:00:00Z") + second * 1000).toISOString(),
    message,
    level: "info",
    source: "app",
    ...more,
});

const ndjson = (records) => records.map((r) => JSON.stringify(r) + "\n").join("");

scenario("query finds, counts, limits and says so with its status", async (s) => {
    const hub = await s.hub();
    const records = Array.from({ length: 300 }, (_, i) =>
        at(i, i % 50 ? `step ${i}` : `timeout in step ${i}`, { level: i % 50 ? "info" : "error", source: i % 2 ? "b" : "a" }),
    );
    assert.equal(run(s, hub, ["import", "-"], { input: ndjson(records) }).status, 0);
    const hits = run(s, hub, ["query", "timeout"]);
    assert.equal(hits.status, 0);
    assert.deepEqual(hits.lines.map((l) => l.replace(/^\S+ \S+ /, "")), [0, 50, 100, 150, 200, 250].map((i) => `ERROR: a | timeout in step ${i}`));
    assert.match(hits.lines[0], /^2026-01-15 10:00:00 /);
    assert.deepEqual(run(s, hub, ["query", "nowhere"]), { status: 1, stdout: "", stderr: "", lines: [] });
    assert.equal(run(s, hub, ["query", "timeout", "--count"]).stdout, "6\n");
    assert.equal(run(s, hub, ["query", "nowhere", "--count"]).stdout, "0\n");
    assert.equal(run(s, hub, ["query", "nowhere", "--count"]).status, 1);
    assert.equal(run(s, hub, ["query", "timeout", "--limit", "2"]).lines.length, 2);
    assert.deepEqual(run(s, hub, ["query", "timeout", "--last", "2", "--raw"]).lines, ["timeout in step 200", "timeout in step 250"]);
    assert.equal(run(s, hub, ["query", "timeout", "-q", "step 5", "--raw", "--source", "a", "--limit", "1"]).lines.join(), "timeout in step 50");
    const range = ["--from", "2026-01-15T10:00:10Z", "--to", "2026-01-15T10:00:20Z"];
    assert.equal(run(s, hub, ["query", ...range, "--count"]).stdout, "10\n");
    assert.equal(run(s, hub, ["query", "--since", "1h", "--source", "a"]).status, 1);
    const json = run(s, hub, ["query", "timeout", "--json", "--last", "1"]).lines.map(JSON.parse);
    assert.deepEqual([json[0].message, json[0].level], ["timeout in step 250", "error"]);
    const near = run(s, hub, ["query", "timeout", "--from", "2026-01-15T10:01:00Z", "--limit", "2", "--context", "1", "--raw"]);
    assert.deepEqual(near.lines, ["step 98", "timeout in step 100", "step 102", "--", "step 148", "timeout in step 150", "step 152"]);
    assert.doesNotMatch(hits.stdout, /\u001b/);
    assert.match(run(s, hub, ["query", "timeout", "--colour", "always"]).stdout, /\u001b\[31mERROR/);
    const piped = execFileSync("sh", ["-c", `"${LOGMILL}" query --socket "${hub.socket}" | head -n 1; exit 0`], { env: s.env });
    assert.equal(piped.toString().split("\n").length, 2);
});

scenario("what cannot be asked is status 2 and a sentence", async (s) => {
    const hub = await s.hub();
    const wrong = [
        [["query", "--level", "loud"], /the hub refused \(400\): level must be one of/],
        [["query", "(open"], /the hub refused \(400\): /],
        [["query", "--lvel", "warn"], /did you mean '--level'/],
        [["query", "--limit", "x"], /--limit is a whole number from 1/],
        [["query", "--limit", "1", "--last", "1"], /take one/],
        [["query", "--count", "--last", "1"], /--count goes alone/],
        [["query", "--since"], /--since needs a value/],
        [["query", "--from", "soon"], /from must be a time/],
        [["export", "--format", "xml"], /format must be one of/],
        [["export", "-o", "/nonexistent/x"], /cannot make/],
        [["import", "/nonexistent"], /cannot open \/nonexistent/],
        [["import", "--label", "Zone=eu", "-"], /a label looks like this/],
        [["stats", "--top", "-3"], /--top is a whole number/],
    ];
    for (const [args, sentence] of wrong) {
        const p = run(s, hub, args);
        assert.equal(p.status, 2, `${args}: ${p.stderr}`);
        assert.match(p.stderr, sentence, args.join(" "));
        assert.equal(p.stdout, "");
    }
    for (const input of ['[{"message":"x"},\n{"message":"y"}]\n', '[\n  {\n    "message": "x"\n  }\n]\n']) {
        const array = run(s, hub, ["import", "-"], { input });
        assert.equal(array.status, 2);
        assert.match(array.stderr, /one JSON array.*jq -c/);
    }
    assert.equal(run(s, hub, ["import", "--format", "text", "-"], { input: "[\n" }).status, 0);
    const away = run(s, { socket: s.path("nobody.sock") }, ["query", "x"]);
    assert.equal(away.status, 2);
    assert.match(away.stderr, /no hub answers at .*start one with `logmill serve`/);
    assert.ok(!existsSync(s.path("nobody.ndjson")));
});

scenario("what cannot be written is said, and a reader that leaves is no mistake", async (s) => {
    const hub = await s.hub();
    run(s, hub, ["import", "-"], { input: ndjson(Array.from({ length: 5000 }, (_, i) => at(i, `step ${i}`))) });
    const shell = (words) =>
        spawnSync("bash", ["-c", words], { env: { ...s.env, LOGMILL, LOGMILL_SOCKET: hub.socket }, encoding: "utf8" });
    for (const command of ["query", "query --count", "stats", "export", "ps", "logs app", "help"]) {
        const p = shell(`"$LOGMILL" ${command} > /dev/full`);
        assert.equal(p.status, 2, command);
        assert.match(p.stderr, /not all of the output could be written/, command);
    }
    const left = shell(`trap "" PIPE; "$LOGMILL" query | head -1; exit \${PIPESTATUS[0]}`);
    assert.deepEqual([left.stderr, left.stdout.split("\n").length], ["", 2]);
    const full = shell(`ulimit -f 16; trap "" XFSZ; "$LOGMILL" export -o ${s.path("x.ndjson")}`);
    assert.equal(full.status, 2);
    assert.match(full.stderr, /cannot write .*x\.ndjson: File too large/);
    assert.ok(!existsSync(s.path("x.ndjson")) && !existsSync(s.path("x.ndjson.part")));
});

scenario("import keeps times, levels, fields and labels of text and NDJSON, packed or not", async (s) => {
    const hub = await s.hub();
    writeFileSync(
        s.path("old.log"),
        "2026-01-02T03:04:05Z ERROR cannot open\r\n\n" +
            "2026-01-02 03:04:06 WARN no zone is said\n" +
            'time=2026-01-02T03:04:07Z level=warn msg="disk full" disk=sda\n' +
            '{"ts":1767323048,"level":50,"msg":"pino says","pid":7}\n' +
            "Traceback (most recent call last):\n" +
            '  File "x.py", line 3\n' +
            "last words",
    );
    const text = run(s, hub, ["import", "--source", "old", "--job", "j1", "--label", "zone=eu", "--tz", "+01:00", s.path("old.log")]);
    assert.equal(text.status, 0, text.stderr);
    assert.match(text.stderr, /7 records are stored/);
    const { logs } = await hub.history("j1");
    assert.deepEqual(
        logs.map((r) => [r.timestamp.slice(0, 19), r.level, r.message]).slice(0, 4),
        [
            ["2026-01-02T03:04:05", "error", "2026-01-02T03:04:05Z ERROR cannot open"],
            ["2026-01-02T02:04:06", "warn", "2026-01-02 03:04:06 WARN no zone is said"],
            ["2026-01-02T03:04:07", "warn", "disk full"],
            ["2026-01-02T03:04:08", "error", "pino says"],
        ],
    );
    assert.deepEqual([logs[2].fields.disk, logs[3].fields.pid], ["sda", 7]);
    assert.ok(logs.every((r) => r.source === "old" && r.zone === "eu"));
    assert.equal(logs[5].level, "error"); /* as the head of its trace */
    assert.equal(logs[6].message, "last words");

    const records = Array.from({ length: 30000 }, (_, i) => at(i, `packed ${i}`, { source: "packed", n: i }));
    writeFileSync(s.path("new.gz"), gzipSync(ndjson(records)));
    for (let i = 0; i < 2; i++) assert.equal(run(s, hub, ["import", s.path("new.gz")]).status, 0);
    const { count } = (await hub.get("/api/v1/logs/count", { source: "packed" })).json;
    assert.equal(count, 30000); /* the second time is the first, sent again */
    const bad = run(s, hub, ["import", "--format", "ndjson", "-"], { input: '{"message":"good"}\n{"level":"info"}\nnot json\n' });
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /the first because: [^]*1 records are stored, 2 were refused/);
    writeFileSync(s.path("cut.gz"), gzipSync(ndjson(records)).subarray(0, 5000));
    const cut = run(s, hub, ["import", s.path("cut.gz")]);
    assert.equal(cut.status, 2);
    assert.match(cut.stderr, /damaged or not whole/);
});

scenario("an export that is stopped leaves nothing, and what one that was killed has left is no obstacle", async (s) => {
    const hub = await s.hub();
    assert.equal(run(s, hub, ["import", "-"], { input: ndjson([at(1, "a line", { job_run_id: "7" })]) }).status, 0);
    const file = s.path("lines.ndjson");
    writeFileSync(`${file}.part`, "what a killed export has left, longer than what there is to write".repeat(10));
    hub.process.signal("SIGSTOP");
    const stopped = s.logmill(["export", "--socket", hub.socket, "--job", "7", "-o", file]);
    await until("it to begin", () => statSync(`${file}.part`).size === 0);
    const second = run(s, hub, ["export", "--job", "7", "-o", file]);
    assert.deepEqual([second.status, /another export is writing it/.test(second.stderr)], [2, true]);
    stopped.signal("SIGINT");
    assert.equal(await stopped.end(), "SIGINT");
    hub.process.signal("SIGCONT");
    assert.ok(!existsSync(`${file}.part`) && !existsSync(file));
    assert.equal(run(s, hub, ["export", "--job", "7", "-o", file]).status, 0);
    assert.equal(JSON.parse(readFileSync(file, "utf8")).message, "a line");
});

scenario("out of one hub and into another, everything is the same but the ids", async (s) => {
    const hub = await s.hub();
    const other = await s.hub({ dir: s.folder("other") });
    const odd = ["two\nlines", "\u001b[31mred\u001b[0m", 'quo"te \\ slash', "\u0000nul", "ünï ↦ 🎉", "x".repeat(70000)];
    const records = odd.map((message, i) =>
        at(i, message, { level: "warn", stream: "stderr", job_run_id: "7", labels: { zone: "eu" }, fields: { deep: { a: [1, null] } } }),
    );
    assert.equal(run(s, hub, ["import", "-"], { input: ndjson(records) }).status, 0);
    run(s, hub, ["import", "-"], { input: ndjson([at(9, "brief", { job_run_id: "8", ttl: "20h" }), at(9, "for good", { job_run_id: "8" })]) });
    const file = s.path("all.ndjson.zst");
    const out = run(s, hub, ["export", "--job", "7", "-o", file]);
    assert.equal(out.status, 0, out.stderr);
    assert.ok(existsSync(file) && !existsSync(`${file}.part`));
    assert.equal(run(s, other, ["import", file]).status, 0);
    const without = (list) => list.map(({ id, ...rest }) => rest);
    const [a, b] = [await hub.history("7"), await other.history("7")];
    assert.deepEqual(without(b.logs), without(a.logs));
    assert.equal(b.logs.length, odd.length);
    const whole = run(s, other, ["query", "--job", "7", "--json"]).lines.map(JSON.parse);
    assert.deepEqual(whole.map((r) => r.message), odd);
    const short = s.path("8.ndjson");
    assert.equal(run(s, hub, ["export", "--job", "8", "-o", short]).status, 0);
    assert.equal(run(s, other, ["import", short]).status, 0);
    const ttls = run(s, other, ["export", "--job", "8"]).lines.map((line) => JSON.parse(line).ttl);
    assert.deepEqual(ttls, ["24h", undefined], "how long they are kept goes along");
    const again = run(s, hub, ["export", "-o", file]);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /is there already/);
    const csv = s.path("warn.csv");
    assert.equal(run(s, hub, ["export", "--level", "warn", "-o", csv]).status, 0);
    assert.match(readFileSync(csv, "utf8"), /^id,timestamp,level/);
    assert.match(run(s, hub, ["export", "--format", "text", "--job", "7"]).lines[0], /^2026-01-15 10:00:00 WARN: two␊lines$/);
});

scenario("stats says how much, of whom", async (s) => {
    const hub = await s.hub();
    run(s, hub, ["import", "-"], { input: ndjson(Array.from({ length: 100 }, (_, i) => at(i, "0123456789", { job_run_id: `j${i % 5}`, level: "error" }))) });
    const p = run(s, hub, ["stats", "--source", "app", "--top", "2"]);
    assert.equal(p.status, 0, p.stderr);
    assert.match(p.stdout, /^100 records, 1\.0 kB of messages; .* on the disk\nfrom 2026-01-15T10:00:00 to 2026-01-15T10:01:39 UTC\n/);
    assert.match(p.stdout, /app +100 +100 +1\.0 kB +2026-01-15T10:01:39/);
    assert.match(p.stdout, /and 3 more \(--top\)/);
    assert.equal(JSON.parse(run(s, hub, ["stats", "--json", "--source", "app"]).stdout).records, 100);
    assert.equal(run(s, hub, ["stats", "--source", "nobody"]).status, 1);
});

const TRACE = ["ERROR it failed", "java.lang.IllegalStateException: no", "\tat com.example.App.main(App.java:12)", "\tat com.example.App.run(App.java:7)"];

scenario("with a line of a stack trace comes the whole trace, once", async (s) => {
    const hub = await s.hub();
    const other = s.run(hub, ["--name", "chatter"], ["sh", "-c", "i=0; while :; do echo chatter $i; i=$((i+1)); sleep 0.001; done"]);
    const lines = ["INFO before", ...TRACE, "INFO between", ...TRACE, "INFO after"];
    const script = lines.map((l) => `printf '%s\\n' '${l}'; sleep 0.01`).join("; ");
    await s.run(hub, ["--name", "app"], ["sh", "-c", script]).end();
    other.signal("SIGTERM");
    await other.end();
    const ask = async (params) => (await hub.get("/api/v1/logs", params)).json;
    for (const search of ["App.java", "it failed", "IllegalState"]) {
        const { logs, pagination } = await ask({ search, group: 1, order: "asc" });
        assert.deepEqual(logs.map((r) => r.message), [...TRACE, ...TRACE], search);
        assert.equal(pagination.count, 8);
    }
    const newest = await ask({ search: "App.java:12", group: 1, limit: 1 });
    assert.deepEqual(newest.logs.map((r) => r.message), TRACE);
    assert.ok(newest.logs[0].id > 5);
    assert.deepEqual((await ask({ search: "between", group: 1 })).logs.map((r) => r.message), ["INFO between"]);
    const shown = run(s, hub, ["query", "--search", "App.java:7", "--group", "--raw"]);
    assert.deepEqual(shown.lines, [...TRACE, ...TRACE]);
    assert.equal((await hub.get("/api/v1/logs", { around: 5, group: 1 })).status, 400);
});

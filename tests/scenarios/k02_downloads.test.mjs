// SPDX-License-Identifier: MIT
//
// Records and plain files as attachments: by day and zone, in three formats, packed, in ranges, cut off by the
// client, and with names that are up to no good.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";

function post(hub, records) {
    const body = records.map((r) => JSON.stringify(r)).join("\n");
    return hub.get(LOGS, {}, { method: "POST", body });
}

/** curl's answer: its head, and its body as bytes. Over the local socket with `local`. */
function curl(s, hub, path, ...args) {
    const local = args.includes("local") ? ["--unix-socket", hub.socket] : [];
    const flags = args.filter((a) => a !== "local");
    const out = execFileSync("curl", ["-sS", "-i", ...local, ...flags, hub.url + path], {
        env: s.env,
        maxBuffer: 1 << 28,
    });
    const end = out.indexOf("\r\n\r\n");
    return { head: out.subarray(0, end).toString(), body: out.subarray(end + 4) };
}

scenario("a day of a run is a file, and days are those of the zone", async (s) => {
    const hub = await s.hub({ settings: { time_zone: "Europe/Berlin" } });
    const at = (timestamp, message) => ({ timestamp, message, level: "warn", source: "app", job_run_id: "night" });
    await post(hub, [
        at("2026-01-14T22:59:59Z", "the day before in Berlin"),
        at("2026-01-14T23:00:00Z", "midnight in Berlin"),
        at("2026-01-15T00:00:00Z", "midnight in UTC\n\u001b[31mred\u001b[0m"),
        at("2026-01-15T22:59:59Z", "the last second in Berlin"),
        at("2026-01-15T23:00:00Z", "the day after in Berlin"),
    ]);
    const path = `${LOGS}/job-runs/night/download`;
    const day = curl(s, hub, `${path}?date=2026-01-15`);
    assert.match(day.head, /^HTTP\/1\.1 200 OK/);
    assert.match(day.head, /Content-Disposition: attachment; filename="night-2026-01-15\.log"/);
    assert.match(day.head, /X-Content-Type-Options: nosniff/);
    assert.equal(
        day.body.toString(),
        "2026-01-15 00:00:00 WARN: midnight in Berlin\n" +
            "2026-01-15 01:00:00 WARN: midnight in UTC\u240ared\n" +
            "2026-01-15 23:59:59 WARN: the last second in Berlin\n",
    );
    const utc = curl(s, hub, `${path}?date=2026-01-15&tz=UTC`).body.toString().trim().split("\n");
    assert.equal(utc.length, 3);
    assert.match(utc[0], /^2026-01-15 00:00:00 WARN: midnight in UTC/);
    assert.equal(curl(s, hub, path).body.toString().trim().split("\n").length, 5);
    assert.match(curl(s, hub, path).head, /filename="night\.log"/);
    for (const nothing of [`${path}?date=2025-01-01`, `${LOGS}/job-runs/day/download`, `${LOGS}/task-runs/x/download`]) {
        const answer = curl(s, hub, nothing);
        assert.match(answer.head, /^HTTP\/1\.1 404/, nothing);
        assert.equal(JSON.parse(answer.body).error.code, "nothing_logged");
    }
});

scenario("exports in three formats, packed or not, are the same records", async (s) => {
    const hub = await s.hub();
    const records = Array.from({ length: 20000 }, (_, i) => ({
        message: `line ${i} says "hello", twice`,
        source: "app",
        task_run_id: "t1",
        level: i % 10 ? "info" : "error",
        fields: { i },
    }));
    for (let i = 0; i < records.length; i += 5000) await post(hub, records.slice(i, i + 5000));
    const path = `${LOGS}/export?source=app`;
    const plain = curl(s, hub, path);
    assert.match(plain.head, /Content-Type: application\/x-ndjson/);
    assert.match(plain.head, /Transfer-Encoding: chunked/);
    assert.match(plain.head, /X-Logmill-Cursor: [0-9a-f]{8}\.\d+/);
    const rows = plain.body.toString().trim().split("\n").map(JSON.parse);
    assert.deepEqual(rows.map((r) => r.message), records.map((r) => r.message));
    assert.equal(rows.at(-1).fields.i, 19999);

    const coded = curl(s, hub, path, "-H", "Accept-Encoding: gzip");
    assert.match(coded.head, /Content-Encoding: gzip/);
    assert.ok(coded.body.length < plain.body.length / 5);
    assert.ok(gunzipSync(coded.body).equals(plain.body));
    const packed = curl(s, hub, `${path}&compress=gz`, "-H", "Accept-Encoding: gzip");
    assert.doesNotMatch(packed.head, /Content-Encoding/);
    assert.match(packed.head, /filename="logmill\.ndjson\.gz"/);
    assert.ok(gunzipSync(packed.body).equals(plain.body));
    const zst = curl(s, hub, `${path}&compress=zst&format=text`);
    const text = execFileSync("zstd", ["-dc"], { input: zst.body, maxBuffer: 1 << 28 }).toString();
    assert.equal(text.split("\n").length, 20001);
    const csv = curl(s, hub, `${path}&format=csv&level=error`).body.toString().split("\r\n");
    assert.equal(csv[0], "id,timestamp,level,stream,source,message,labels,fields");
    assert.equal(csv.length, 2002);
    assert.match(csv[1], /^\d+,[^,]+Z,error,stdout,"app","line 0 says ""hello"", twice","\{""task_run_id"":""t1""\}","\{""i"":0\}"$/);
    const task = curl(s, hub, `${LOGS}/task-runs/t1/download?format=ndjson`);
    assert.ok(task.body.equals(plain.body));
    const empty = curl(s, hub, `${LOGS}/export?source=nobody&format=csv`);
    assert.equal(empty.body.toString(), "id,timestamp,level,stream,source,message,labels,fields\r\n");
    const head = curl(s, hub, path, "--head");
    assert.match(head.head, /200 OK[^]*chunked/);
    assert.equal(head.body.length, 0);
    const old = curl(s, hub, path, "--http1.0");
    assert.match(old.head, /Connection: close/);
    assert.ok(old.body.equals(plain.body));
});

scenario("the file of a process comes byte for byte, whole or in ranges", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "printer"], ["sh", "-c", "seq 1 2000; printf '\\377\\000raw'"]).end();
    const bytes = hub.logFile("printer");
    const path = "/api/v1/processes/printer/download";
    const whole = curl(s, hub, path, "local");
    assert.ok(whole.body.equals(bytes));
    assert.match(whole.head, new RegExp(`Content-Length: ${bytes.length}$`, "m"));
    assert.match(whole.head, /Accept-Ranges: bytes/);
    assert.match(whole.head, /filename="printer\.log"/);
    const etag = /ETag: (".*")/.exec(whole.head)[1];
    const range = (value, ...more) => curl(s, hub, path, "local", "-H", `Range: ${value}`, ...more);
    const part = range("bytes=10-19");
    assert.match(part.head, /206 Partial Content/);
    assert.match(part.head, new RegExp(`Content-Range: bytes 10-19/${bytes.length}`));
    assert.ok(part.body.equals(bytes.subarray(10, 20)));
    assert.ok(range("bytes=-5").body.equals(bytes.subarray(-5)));
    assert.ok(range("bytes=100-").body.equals(bytes.subarray(100)));
    assert.ok(range(`bytes=0-${bytes.length * 2}`).body.equals(bytes));
    assert.match(range(`bytes=${bytes.length}-`).head, new RegExp(`416 [^]*Content-Range: bytes \\*/${bytes.length}`));
    assert.match(range("bytes=-0").head, / 416 /);
    for (const odd of ["bytes=5-1", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "bytes=99999999999999999999-"])
        assert.match(range(odd).head, /^HTTP\/1\.1 200 /, odd);
    assert.match(range("bytes=0-1", "-H", `If-Range: ${etag}`).head, / 206 /);
    assert.match(range("bytes=0-1", "-H", 'If-Range: "other"').head, / 200 /);
    assert.ok(gunzipSync(curl(s, hub, path, "local", "-H", "Accept-Encoding: gzip").body).equals(bytes));
    const stored = curl(s, hub, `${path}?format=ndjson`, "local").body.toString().trim().split("\n");
    assert.equal(stored.length, 2002); /* the last words, and how it ended */
    assert.ok(curl(s, hub, path).body.equals(bytes)); /* reading logs is what TCP on loopback may do */
});

scenario("names that are up to no good lead nowhere", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "honest"], ["echo", "x"]).end();
    writeFileSync(s.path("secret"), "secret");
    unlinkSync(join(hub.logDir, "honest.log"));
    symlinkSync(s.path("secret"), join(hub.logDir, "honest.log"));
    const linked = curl(s, hub, "/api/v1/processes/honest/download", "local");
    assert.match(linked.head, / 404 /);
    unlinkSync(join(hub.logDir, "honest.log"));
    mkdirSync(join(hub.logDir, "honest.log"));
    assert.match(curl(s, hub, "/api/v1/processes/honest/download", "local").head, / 404 /);
    const wrong = ["..%2f..%2fsecret", "%2e%2e", "..", ".", "honest%00", "a".repeat(300), "%ff", "honest.log"];
    for (const name of wrong) {
        const answer = curl(s, hub, `/api/v1/processes/${name}/download`, "local", "--path-as-is");
        assert.match(answer.head, /^HTTP\/1\.1 40[04]/, name);
        assert.ok(!answer.body.includes("secret"));
    }
    const id = 'a"b\\c;d=e/../f\r\nX: y\u202e.exe';
    await post(hub, [{ message: "hello", job_run_id: "x; y=\"z\" \u202e.exe" }]);
    const odd = encodeURIComponent("x; y=\"z\" \u202e.exe");
    const answer = curl(s, hub, `${LOGS}/job-runs/${odd}/download`);
    assert.match(answer.head, /filename="x__y__z_____\.exe\.log"/);
    assert.match(curl(s, hub, `${LOGS}/job-runs/${encodeURIComponent(id)}/download`).head, / 400 /);
});

/** Many records, so that a download does not fit into any buffer. */
async function fillMuch(hub) {
    const message = "x".repeat(1000);
    for (let i = 0; i < 20; i++)
        await post(hub, Array.from({ length: 2000 }, () => ({ message, source: "big" })));
}

scenario("a client that does not read holds nobody up and little memory; one that leaves is forgotten", async (s) => {
    const hub = await s.hub({ settings: { downloads_max: 2 } });
    await fillMuch(hub);
    const before = hub.memoryKb();
    const stalled = [0, 1].map(() => {
        const req = http.get(`${hub.url}${LOGS}/export?source=big`, { agent: false });
        req.on("response", (res) => res.pause());
        req.on("error", () => {});
        return req;
    });
    await until("both to be under way", async () => (await hub.metric("downloads")) === 2);
    const third = await hub.get(`${LOGS}/export?source=big`);
    assert.equal(third.status, 503);
    assert.equal(third.json.error.code, "busy");
    assert.equal(third.headers["retry-after"], "5");
    const seen = (await hub.ask("/api/v1/queries")).json.queries;
    assert.equal(seen.length, 2);
    assert.match(seen[0].target, /^\/api\/v1\/logs\/export\?source=big$/);
    assert.equal((await hub.get(`${LOGS}/count?source=big`)).json.count, 40000);
    assert.ok(hub.memoryKb() - before < 16 * 1024, `${before} kB became ${hub.memoryKb()} kB`);
    stalled[0].destroy();
    await until("the first to be forgotten", async () => (await hub.metric("downloads")) === 1);
    const cancelled = await hub.ask(`/api/v1/queries/${seen[1].id}`, {}, { method: "DELETE" });
    assert.equal(cancelled.status, 202);
    let end;
    stalled[1].on("close", () => (end = true));
    stalled[1].res?.on("error", () => (end = true));
    stalled[1].res?.resume();
    await until("the second to be cut", async () => (await hub.metric("downloads")) === 0);
    assert.equal((await hub.ask("/api/v1/queries/999", {}, { method: "DELETE" })).status, 404);
    assert.equal((await hub.get("/api/v1/queries")).status, 401);
    stalled[1].destroy();
    assert.ok(end !== null);
});

scenario("a cancelled curl leaves nothing behind, and the next download is whole", async (s) => {
    const hub = await s.hub();
    await fillMuch(hub);
    const url = `${hub.url}${LOGS}/export?source=big`;
    const slow = spawn("curl", ["-sS", "--limit-rate", "100K", "-o", "/dev/null", url], { env: s.env });
    await until("it to be under way", async () => (await hub.metric("downloads")) === 1);
    slow.kill("SIGKILL");
    await until("it to be forgotten", async () => (await hub.metric("downloads")) === 0);
    assert.equal(curl(s, hub, `${LOGS}/export?source=big&format=text`).body.toString().split("\n").length, 40001);
});

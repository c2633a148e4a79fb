// SPDX-License-Identifier: MIT
//
// app | logmill pipe: every line once, whatever the hub does meanwhile; and the truth at the end.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { LOGMILL } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

function pipe(s, hub, flags, options) {
    const where = ["--socket", hub.socket, "--state-dir", hub.stateDir];
    return s.logmill(["pipe", ...where, ...flags], { stdio: ["pipe", "pipe", "pipe"], ...options });
}

/* `command | logmill pipe`, as a shell makes it. */
function shell(s, hub, command, flags) {
    const where = `--socket ${hub.socket} --state-dir ${hub.stateDir}`;
    return s.spawn("the pipeline", "bash", ["-c", `set -o pipefail; ${command} | ${LOGMILL} pipe ${where} ${flags}`]);
}

async function logs(hub, params) {
    const all = [];
    for (;;) {
        const page = (await hub.get("/api/v1/logs", { limit: 10000, offset: all.length, ...params })).json;
        all.push(...page.logs);
        if (page.pagination.count < 10000) return all.reverse();
    }
}

scenario("lines get their source and labels, also the last one without an end", async (s) => {
    const hub = await s.hub();
    const flags = "--source app --job 7 --task t --label zone=eu";
    assert.equal(await shell(s, hub, "printf 'one\\n[WARN] two\\nthree'", flags).end(), 0);
    const found = await logs(hub, { job_run_id: "7" });
    assert.deepEqual(found.map((r) => [r.message, r.level, r.source, r.zone]), [
        ["one", "info", "app", "eu"],
        ["[WARN] two", "warn", "app", "eu"],
        ["three", "info", "app", "eu"],
    ]);
    assert.equal(found[2].unterminated, true);
    await hub.processIn("app", "exited");
});

scenario("nothing on the input is a fine end", async (s) => {
    const hub = await s.hub();
    assert.equal(await shell(s, hub, "true", "--source app").end(), 0);
});

scenario("--tee passes everything on, byte for byte", async (s) => {
    const hub = await s.hub();
    const p = shell(s, hub, "seq 1 50000", "--source app --tee");
    assert.equal(await p.end(), 0);
    assert.equal(p.stdout, Array.from({ length: 50000 }, (_, i) => `${i + 1}\n`).join(""));
    assert.equal((await logs(hub, { source: "app" })).length, 50000);
});

scenario("a file goes through whole, however large", async (s) => {
    const hub = await s.hub();
    const line = "x".repeat(99) + "\n";
    writeFileSync(s.path("file"), line.repeat(300000));
    const p = s.spawn("pipe", "bash", [
        "-c", `${LOGMILL} pipe --socket ${hub.socket} --state-dir ${hub.stateDir} --source f < ${s.path("file")}`,
    ]);
    assert.equal(await p.end(20000), 0, p.stderr);
    assert.equal((await hub.get("/api/v1/logs", { source: "f" })).json.pagination.total, 300000);
});

scenario("a file of lines longer than what may be unacknowledged goes through, too", async (s) => {
    const hub = await s.hub();
    const lines = [600_000, 1_048_576, 3_000_000].map((n, i) => "abc"[i].repeat(n));
    writeFileSync(s.path("file"), lines.join("\n") + "\nend\n");
    const p = s.spawn("pipe", "bash", [
        "-c", `${LOGMILL} pipe --socket ${hub.socket} --state-dir ${hub.stateDir} --source f < ${s.path("file")}`,
    ]);
    assert.equal(await p.end(20000), 0, p.stderr);
    const found = (await logs(hub, { source: "f" })).map((r) => [r.message[0], r.size ?? r.message.length]);
    assert.deepEqual(found, [["a", 600_000], ["b", 1_048_576], ["c", 1_048_576], ["c", 1_048_576], ["c", 902_848], ["e", 3]]);
});

scenario("a hub that is killed in between costs nothing and doubles nothing", async (s) => {
    const hub = await s.hub();
    const p = pipe(s, hub, ["--source", "app"]);
    for (let i = 0; i < 30000; i++) {
        p.child.stdin.write(`line ${i}\n`);
        if (i === 10000) await until("some lines", async () => (await logs(hub, { source: "app" })).length > 0);
        if (i === 10000) await hub.kill();
        if (i === 20000) await hub.start();
    }
    p.child.stdin.end();
    assert.equal(await p.end(15000), 0, p.stderr);
    const found = (await logs(hub, { source: "app" })).map((r) => r.message);
    assert.deepEqual(found, Array.from({ length: 30000 }, (_, i) => `line ${i}`));
});

scenario("without a hub it says so and ends with 1, and the writer was not kept waiting", async (s) => {
    const hub = s.newHub();
    const p = shell(s, hub, "seq 1 100000", "--source app");
    assert.equal(await p.end(), 1);
    assert.match(p.stderr, /no hub at .*hub\.sock: nothing was handed over/);
});

scenario("what had to be given up is counted, and the end is 1", async (s) => {
    const hub = await s.hub();
    const p = pipe(s, hub, ["--source", "app"]);
    p.child.stdin.write("first\n");
    await until("the first line", async () => (await logs(hub, { source: "app" })).length === 1);
    await hub.kill();
    const line = `${"y".repeat(999)}\n`;
    for (let i = 0; i < 90; i++)
        await new Promise((done) => p.child.stdin.write(line.repeat(1000), done));
    await hub.start();
    p.child.stdin.end("last\n");
    assert.equal(await p.end(20000), 1);
    assert.match(p.stderr, /\d+ bytes were given up while the hub was away/);
    const found = await logs(hub, { source: "app" });
    assert.ok(found.some((r) => r.message === "last"));
    const said = found.filter((r) => r.stream === "system").map((r) => r.message).join("\n");
    assert.match(said, /bytes of stdout are missing here/);
    assert.doesNotMatch(said, /plain file/);
});

scenario("an interrupt leaves time for the last words; a second one does not", async (s) => {
    const hub = await s.hub();
    const p = pipe(s, hub, ["--source", "app"]);
    p.child.stdin.write("before\n");
    await until("a line", async () => (await logs(hub, { source: "app" })).length === 1);
    p.signal("SIGINT");
    p.child.stdin.write("last words\n");
    await until("the last words", async () => (await logs(hub, { source: "app" })).length === 2);
    p.child.stdin.end();
    assert.equal(await p.end(), 0);
    const q = pipe(s, hub, ["--source", "other"]);
    q.child.stdin.write("here\n");
    await until("a line", async () => (await logs(hub, { source: "other" })).length === 1);
    q.signal("SIGTERM");
    assert.equal(await q.end(), 0);
});

scenario("what is wrong with its words is said", async (s) => {
    const hub = s.newHub();
    for (const [flags, text] of [
        [[], /say whose lines these are/],
        [["--source", "a b"], /a source has 1 to 64/],
        [["--source", "a", "--label", "Zone=x"], /a label's name/],
        [["--source", "a", "--sorce", "x"], /did you mean '--source'/],
        [["--source", "a", "file"], /'file' is not expected/],
    ]) {
        const p = pipe(s, hub, flags);
        assert.equal(await p.end(), 2);
        assert.match(p.stderr, text);
    }
});

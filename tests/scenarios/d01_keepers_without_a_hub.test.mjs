// SPDX-License-Identifier: MIT
//
// `logmill run` is a good citizen of the shell, with a hub or without: output, input, status and
// signals are those of the command, and the plain file has everything.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

scenario("without a hub the output goes to the console and to the file", async (s) => {
    const hub = s.newHub();
    const run = s.run(hub, ["--name", "alone"], ["sh", "-c", "echo to stdout; echo to stderr >&2; exit 5"]);
    assert.equal(await run.end(), 5);
    assert.equal(run.stdout, "to stdout\n");
    assert.match(
        run.stderr,
        /^to stderr\nlogmill: no hub at .*; the output is in .*alone\.log \(start a hub with: logmill serve\)\n$/,
    );
    assert.deepEqual(hub.logFile("alone").toString().split("\n").sort(), ["", "to stderr", "to stdout"]);
});

scenario("with --quiet only the file has it", async (s) => {
    const hub = s.newHub();
    const run = s.run(hub, ["--name", "alone", "--quiet"], ["sh", "-c", "echo to stdout; echo to stderr >&2"]);
    assert.equal(await run.end(), 0);
    assert.equal(run.stdout + run.stderr, "");
    assert.equal(hub.logFile("alone").length, "to stdout\nto stderr\n".length);
});

scenario("without a hub and without a file it does not say that the output is there", async (s) => {
    const hub = s.newHub();
    const p = s.run(hub, ["--name", "alone", "--log-dir", "/dev/null/x"], ["echo", "hi"]);
    assert.equal(await p.end(), 0);
    assert.match(p.stderr, /no hub at .*; not all of the output is in .*alone\.log/);
});

scenario("the file of the run before is kept as .log.1", async (s) => {
    const hub = s.newHub();
    for (const word of ["first", "second"]) await s.run(hub, ["--name", "alone"], ["echo", word]).end();
    assert.equal(hub.logFile("alone").toString(), "second\n");
    assert.equal(readFileSync(join(hub.logDir, "alone.log.1"), "utf8"), "first\n");
});

scenario("standard input reaches the command", async (s) => {
    const run = s.run(s.newHub(), ["--name", "cat"], ["cat"], { stdio: ["pipe", "pipe", "pipe"] });
    run.child.stdin.end("through and through\n");
    assert.equal(await run.end(), 0);
    assert.equal(run.stdout, "through and through\n");
});

scenario("signals are passed on, and death by a signal too", async (s) => {
    const hub = s.newHub();
    const script = 'trap "echo got TERM; exit 9" TERM; echo ready; while :; do sleep 0.01; done';
    const polite = s.run(hub, ["--name", "polite"], ["sh", "-c", script]);
    await until("the command to be ready", () => polite.stdout.includes("ready"));
    polite.signal("SIGTERM");
    assert.equal(await polite.end(), 9);
    assert.match(polite.stdout, /got TERM/);

    for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"]) {
        const plain = s.run(hub, ["--name", "plain"], ["sh", "-c", "echo ready; exec sleep 60"]);
        await until("the command to be ready", () => plain.stdout.includes("ready"));
        plain.signal(signal);
        assert.equal(await plain.end(), signal);
    }
    const killed = s.run(hub, ["--name", "killed"], ["sh", "-c", "kill -KILL $$"]);
    assert.equal(await killed.end(), "SIGKILL");
});

scenario("a keeper that is killed does not take its command along", async (s) => {
    const hub = s.newHub();
    const run = s.run(hub, ["--name", "orphan"], ["sh", "-c", "echo pid $$; exec sleep 1"]);
    const pid = Number((await until("the pid", () => /pid (\d+)/.exec(run.stdout)))[1]);
    run.signal("SIGKILL");
    await run.end();
    assert.ok(isAlive(pid));
    await until("the orphan to end by itself", () => !isAlive(pid));
});

scenario("two runs of one name at a time do not mix", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub, { source: "twin" });
    const script = (word) => ["sh", "-c", `echo ${word} begins; read x; echo ${word} ends`];
    const twins = ["first", "second"].map((word) =>
        s.run(hub, ["--name", "twin", "--job", word], script(word), { stdio: ["pipe", "pipe", "pipe"] }),
    );
    for (const word of ["first", "second"]) await ws.record(`${word} begins`);
    for (const twin of twins) twin.child.stdin.end();
    for (const twin of twins) assert.equal(await twin.end(), 0);
    for (const word of ["first", "second"]) {
        const { logs } = await hub.history(word);
        assert.deepEqual(
            logs.map((r) => r.message),
            [`${word} begins`, `${word} ends`, "exited with code 0"],
        );
    }
});

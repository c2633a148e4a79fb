// SPDX-License-Identifier: MIT
//
// ps, start, stop, restart, logs and wait as scripts use them, and one-shot jobs.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const web = { command: ["sh", "-c", "echo starting; sleep 0.2; echo 'listening on /tmp/x'; exec sleep 1000"] };

/** Runs `logmill command …` against the hub: { status, stdout, stderr }. */
async function cli(s, hub, command, ...args) {
    const p = s.logmill([command, "--socket", hub.socket, ...args]);
    const status = await p.end(20_000);
    return { status, stdout: p.stdout, stderr: p.stderr };
}

scenario("a script stops, starts and waits, and believes the exit statuses", async (s) => {
    const hub = await s.hub({ processes: { web, bad: { command: ["sh", "-c", "echo oh; exit 3"] } } });

    let r = await cli(s, hub, "wait", "web", "--match", "listening on /tmp/\\w", "--timeout", "10s");
    assert.deepEqual([r.status, r.stdout], [0, "listening on /tmp/x\n"]);
    r = await cli(s, hub, "wait", "web", "--match", "starting"); // said before
    assert.deepEqual([r.status, r.stdout], [0, "starting\n"]);
    r = await cli(s, hub, "wait", "web", "--match", "never", "--timeout", "200ms");
    assert.equal(r.status, 124);
    r = await cli(s, hub, "wait", "bad");
    assert.equal(r.status, 3);
    r = await cli(s, hub, "wait", "bad", "--match", "never");
    assert.equal(r.status, 1);
    assert.match(r.stderr, /bad has ended without saying it: ended with code 3/);

    r = await cli(s, hub, "stop", "web");
    assert.deepEqual([r.status, r.stdout], [0, "web: exited, ended by SIGTERM, as asked\n"]);
    assert.equal((await cli(s, hub, "wait", "web")).status, 128 + 15);
    r = await cli(s, hub, "start", "web");
    assert.deepEqual([r.status, r.stdout], [0, "web: running\n"]);
    r = await cli(s, hub, "restart", "web");
    assert.equal(r.status, 0);

    r = await cli(s, hub, "ps");
    assert.match(r.stdout, /^NAME +STATE +PID/);
    assert.match(r.stdout, /^web +running +\d+/m);
    assert.match(r.stdout, /^bad +disconnected +- .* ended with code 3$/m);
    r = await cli(s, hub, "ps", "--json");
    assert.deepEqual(JSON.parse(r.stdout).map((p) => p.name), ["web", "bad"]);

    r = await cli(s, hub, "logs", "bad", "--raw", "--tail", "2");
    assert.equal(r.stdout, "oh\nexited with code 3\n");
    await s.run(hub, ["--name", "nul"], ["printf", String.raw`a\0b\n`]).end();
    r = await cli(s, hub, "logs", "nul", "--raw");
    assert.equal(r.stdout, "a\0b\nexited with code 0\n", r.stderr);
    assert.equal((await cli(s, hub, "ps")).status, 0);
    const follow = s.logmill(["logs", "-f", "bad", "--socket", hub.socket, "--raw"]);
    await until("the past", () => follow.stdout.includes("oh\n"));
    const before = follow.stdout.length;
    await cli(s, hub, "start", "bad");
    await until("the present", () => follow.stdout.slice(before).includes("oh\n"));
});

scenario("mistakes are named with what to do", async (s) => {
    const hub = await s.hub({ processes: { web } });
    for (const [args, status, words] of [
        [["stop", "wbe"], 1, /logmill stop: there is no process 'wbe'/],
        [["stop"], 2, /say which process; `logmill ps` lists them/],
        [["wait", "web", "--match", "("], 2, /the regular expression is not well-formed/],
        [["wait", "web", "--timeout", "5"], 2, /--timeout is a duration such as 30s/],
        [["logs", "nobody"], 0, /nothing of 'nobody' is kept/],
        [["ps", "--jsn"], 2, /unknown flag '--jsn': did you mean '--json'\?/],
    ]) {
        const [command, ...rest] = args;
        const r = await cli(s, hub, command, ...rest);
        assert.equal(r.status, status, r.stderr);
        assert.match(r.stderr, words);
    }
    await hub.stop();
    const r = await cli(s, hub, "ps");
    assert.equal(r.status, 1);
    assert.match(r.stderr, /no hub answers at .*: start one with `logmill serve`/);
});

const spawn = (hub, body, how = "ask", params = {}) =>
    hub[how]("/api/v1/processes", params, { method: "POST", body: JSON.stringify(body) });

scenario("a job is started over the API, watched by its job_run_id, and is over once", async (s) => {
    const hub = await s.hub();
    const job = { name: "build", command: ["sh", "-c", 'echo "building \\"ü\\" $X"; exit 4'], job_run_id: "b-1", env: { X: "é\u2028" } };
    let answer = await spawn(hub, job, "ask", { wait: "10s" });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.labels, { job_run_id: "b-1" });
    await until("its end", async () => (await hub.history("b-1")).logs.some((r) => r.fields?.event === "exit"));
    const { logs } = await hub.history("b-1");
    assert.deepEqual(logs.map((r) => r.message), ['building "ü" é\u2028', "exited with code 4"]);
    assert.equal((await hub.processes()).build.state, "disconnected");

    answer = await spawn(hub, { command: "sleep 1000" });
    assert.equal(answer.status, 202);
    assert.match(answer.json.name, /^job-[0-9a-f]{12}$/);
    assert.deepEqual(answer.json.labels, { job_run_id: answer.json.name });
    const again = await spawn(hub, { name: answer.json.name, command: "true" });
    assert.equal(again.status, 409);
    assert.match(again.json.error.message, /there is a process job-\w+ already, and it is/);
});

scenario("a job that is not understood is refused, and TCP may start none", async (s) => {
    const hub = await s.hub({ settings: { auth: { loopback: "admin" } } });
    for (const [body, message] of [
        [{}, "process 'job-"],
        [[], "the body is a JSON object"],
        [{ command: "x", comand: 1 }, "unknown key 'comand' of process"],
        [{ command: "x", name: "../x" }, "'../x' cannot be a name"],
        [{ command: "x", depends_on: "y" }, "a job depends on nobody"],
        [{ command: "x", labels: { level: "a" } }, "'level' cannot be a label"],
    ]) {
        const answer = await spawn(hub, body);
        assert.equal(answer.status, 400, answer.text);
        assert.ok(answer.json.error.message.includes(message), answer.text);
    }
    assert.equal((await spawn(hub, { command: "true" }, "get")).status, 403);
    await hub.stop();
    hub.configure({ auth: { loopback: "admin" }, allow_spawn: true });
    await hub.start();
    assert.equal((await spawn(hub, { command: "true" }, "get")).status, 202);
});

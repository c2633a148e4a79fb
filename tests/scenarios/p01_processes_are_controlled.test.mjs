// SPDX-License-Identifier: MIT
//
// The process API: what a card shows, and start, stop, restart and signal, right and wrong.

import assert from "node:assert/strict";
import { isAlive } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const post = (hub, path, body) => hub.ask(path, {}, { method: "POST", body: body && JSON.stringify(body) });
const talker = "echo one; echo two; echo 'ERROR three' >&2; exec sleep 1000";

scenario("a process has everything that its card shows", async (s) => {
    const hub = await s.hub({
        processes: { web: { command: ["sh", "-c", talker], labels: { job_run_id: "42" } } },
    });
    let web;
    await until("its lines", async () => (web = (await hub.processes()).web).metrics.lines === 3);
    assert.equal(web.state, "running");
    assert.ok(isAlive(web.pid) && isAlive(web.keeper_pid));
    assert.equal(web.log_file, `${hub.logDir}/web.log`);
    assert.match(web.started_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.match(web.run, /^[0-9a-f]{32}$/);
    assert.deepEqual(web.labels, { job_run_id: "42" });
    assert.equal(web.exit, null);
    assert.equal(web.restarts, 0);
    assert.equal(web.metrics.bytes, "one\ntwo\nERROR three\n".length);
    assert.equal(web.metrics.errors, 1);
    assert.ok(web.metrics.rss_kb > 0);
    const one = await hub.ask("/api/v1/processes/web");
    assert.equal(one.json.pid, web.pid);
    const page = await hub.get("/metrics");
    assert.match(page.text, /^logmill_process_lines_total\{process="web"\} 3$/m);
    assert.match(page.text, /^logmill_process_up\{process="web"\} 1$/m);
});

scenario("stop, start, restart and signal do what they say", async (s) => {
    const hub = await s.hub({
        processes: { web: { command: ["sh", "-c", talker], restart: "always", restart_delay: "0ms" } },
    });
    const first = await hub.processIn("web", "running");
    const answer = await post(hub, "/api/v1/processes/web/stop");
    assert.equal(answer.status, 202);
    assert.equal(answer.json.state, "stopping");
    const stopped = await hub.processIn("web", "exited");
    assert.equal(stopped.reason, "ended by SIGTERM, as asked");
    assert.equal(stopped.exit.signal, "SIGTERM");
    assert.equal(stopped.pid, null);
    assert.ok(!isAlive(first.pid));

    assert.equal((await post(hub, "/api/v1/processes/web/start")).status, 202);
    const second = await hub.processIn("web", "running");
    assert.equal((await post(hub, "/api/v1/processes/web/restart")).status, 202);
    await until("another pid", async () => {
        const now = (await hub.processes()).web;
        return now.state === "running" && now.pid !== second.pid;
    });
    const third = await hub.processIn("web", "running");
    assert.equal(third.restarts, 1);
    assert.equal((await post(hub, "/api/v1/processes/web/signal", { signal: "SIGKILL" })).status, 202);
    await until("the policy to start it again", async () => (await hub.processes()).web.restarts === 2);
});

scenario("what cannot be done is refused with the reason", async (s) => {
    const hub = await s.hub({ processes: { web: { command: "true" } } });
    await hub.processIn("web", "exited");
    const cases = [
        ["/api/v1/processes/nobody/stop", undefined, 404, "there is no process 'nobody'"],
        ["/api/v1/processes/web/signal", { signal: "HUP" }, 409, "web does not run: it is exited"],
        ["/api/v1/processes/web/signal", { signal: "NONE" }, 400, 'say which signal, as in {"signal":"HUP"} or {"signal":1}'],
        ["/api/v1/processes/web/signal", undefined, 400, 'say which signal, as in {"signal":"HUP"} or {"signal":1}'],
    ];
    for (const [path, body, status, message] of cases) {
        const answer = await post(hub, path, body);
        assert.equal(answer.status, status);
        assert.equal(answer.json.error.message, message);
    }
    assert.equal((await hub.ask("/api/v1/processes/nobody")).status, 404);
    assert.equal((await hub.ask("/api/v1/processes/web/stop")).status, 405);
    // Over TCP without a session nobody may touch processes.
    assert.equal((await hub.get("/api/v1/processes")).status, 401);
    assert.equal((await hub.get("/api/v1/processes/web/start", {}, { method: "POST" })).status, 401);
});

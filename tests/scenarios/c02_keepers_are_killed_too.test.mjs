// SPDX-License-Identifier: MIT
//
// Worse things: the keeper itself dies, or a hub comes back to find that its child has gone meanwhile.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

scenario("a child that died while the hub was away is told with its last words", async (s) => {
    const script = "echo before; while [ ! -e gone ]; do sleep 0.01; done; echo last words; exit 4";
    const hub = await s.hub({
        processes: {
            brief: { command: ["sh", "-c", script], directory: s.dir, labels: { job_run_id: "1" } },
        },
    });
    await hub.processIn("brief", "running");
    const ws = await s.websocket(hub, { job_run_id: "1", after: "0" }, { resume: true });
    await ws.record("before");
    await hub.kill();
    s.folder("gone");
    await until("the child's last words in its file", () => hub.logFile("brief").includes("last words"));
    await hub.start();
    await ws.record("exited with code 4");
    assert.deepEqual(ws.messages, ["before", "last words", "exited with code 4"]);
    const brief = await hub.processIn("brief", "disconnected");
    assert.equal(brief.reason, "ended with code 4");
});

scenario("a keeper that is killed shows as gone, and is started again if so configured", async (s) => {
    const command = ["sh", "-c", "echo hello; exec sleep 5"];
    const hub = await s.hub({
        processes: { once: { command }, always: { command, restart: "always" } },
    });
    const ws = await s.websocket(hub, { source: "always", after: "0" });
    await ws.record("hello");
    await hub.processIn("once", "running");
    await hub.processIn("always", "running");
    for (const pid of hub.keeperPids()) process.kill(pid, "SIGKILL");
    await until("the reason", async () => {
        const { once } = await hub.processes();
        return once.state === "disconnected" && once.reason === "its keeper was killed by signal 9";
    });
    await until("the second life", () => ws.messages.filter((m) => m === "hello").length === 2);
    const always = await hub.processIn("always", "running");
    assert.equal(always.restarts, 1);
});

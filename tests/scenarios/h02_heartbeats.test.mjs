// SPDX-License-Identifier: MIT
//
// Every five seconds a quiet stream shows that it lives, and where it is.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

scenario("heartbeats: a ping on WebSocket, a comment with the newest cursor on SSE", async (s) => {
    const hub = await s.hub();
    const quiet = { job_run_id: "nobody" };
    const ws = await s.websocket(hub, quiet);
    const curl = await s.curl(hub, quiet);
    const sse = await s.eventSource(hub, quiet);
    let pings = 0;
    ws.socket.on("ping", () => pings++);
    await s.run(hub, ["--name", "other"], ["seq", "1", "10"]).end();
    const newest = (await hub.get("/api/v1/logs", { limit: 1 })).json.logs[0].id;

    await until("a ping", () => pings > 0, 7000);
    const moved = new RegExp(`\n: hb\nid: [0-9a-f]{8}\\.${newest}\n\n`);
    await until("a heartbeat that moved on although nothing matched", () => moved.test(curl.text), 2000);
    assert.deepEqual([ws.count, curl.count, sse.count], [0, 0, 0], "a heartbeat is no event");
});

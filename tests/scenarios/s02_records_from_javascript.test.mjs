// SPDX-License-Identifier: MIT
//
// A service logs through Winston while the hub is killed and started again: every record once.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ledgerOf } from "../lib/ledger.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const SERVICE = fileURLToPath(new URL("../../clients/winston/examples/service.mjs", import.meta.url));
const RECORDS = 10_000;

scenario("the hub is killed under a Winston service: every record once, in order", async (s) => {
    const hub = await s.hub();
    const service = s.spawn("the service", process.execPath, [SERVICE, hub.url, String(RECORDS), "5000"]);
    const total = async () => (await hub.get("/api/v1/logs/job-runs/service", { limit: 1 })).json.pagination.total;
    await until("the first records", async () => (await total()) > 500);
    await hub.kill();
    await hub.start();
    assert.equal(await service.end(30_000), 0);
    assert.match(service.stdout, /dropped 0/);
    const { logs } = await hub.history("service", { limit: 10_000 });
    const ledger = ledgerOf("the history", logs);
    ledger.assertClean();
    assert.equal(ledger.last("service", "out"), RECORDS);
});

scenario("under logmill run records go through the pipe, and survive SIGKILL", async (s) => {
    const hub = await s.hub();
    const run = s.run(hub, ["--name", "service", "--quiet"], [process.execPath, SERVICE, hub.url, "200", "100"]);
    await until("the first record", async () => {
        const { json } = await hub.get("/api/v1/logs", { source: "service", q: "out" });
        return json.logs.length > 0 && json.logs[0].job_run_id === "service";
    });
    const { pid } = (await hub.processes()).service;
    process.kill(pid, "SIGKILL");
    await run.end();
    const { json } = await hub.get("/api/v1/logs", { source: "service", limit: 1000, order: "asc" });
    const ledger = ledgerOf("the history", json.logs);
    ledger.assertClean();
    assert.ok(ledger.total > 0);
    assert.match(json.logs.at(-1).message, /SIGKILL/);
});

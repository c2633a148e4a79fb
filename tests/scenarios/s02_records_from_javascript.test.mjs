// SPDX-License-Identifier: MIT
//
// A service logs through Winston or pino while the hub is killed and started again, and the service
// itself is killed: every record once, in order, or it is said how many are missing.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ledgerOf } from "../lib/ledger.mjs";
import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const RATE = 10_000;
const ROUNDS = rounds(1); // kills of the hub in a run
const RECORDS = 15_000 * ROUNDS;
const LONG = { timeout: 120_000 + ROUNDS * 10_000 };
const PATIENCE_MS = 40_000; // a worker thread of a library takes its time on a busy machine
const LIBRARIES = ["winston", "pino"];

const serviceOf = (library) => fileURLToPath(new URL(`../../clients/${library}/examples/service.mjs`, import.meta.url));
const countOf = async (hub) => (await hub.get("/api/v1/logs/job-runs/service", { limit: 1 })).json.pagination.total;

/** Everything the service is known to have said. */
async function told(hub) {
    const { logs } = await hub.history("service", { limit: 10_000 });
    const ledger = ledgerOf("the history", logs);
    ledger.assertClean();
    return ledger.last("service", "out");
}

/** The hub dies `ROUNDS` times, each time after more records have come. */
async function killUnder(hub, service) {
    for (let round = 1; round <= ROUNDS; round++) {
        const before = await countOf(hub);
        await until("more records", async () => service.status !== null || (await countOf(hub)) > before + 2_000, PATIENCE_MS);
        await hub.kill();
        await hub.start();
    }
}

for (const library of LIBRARIES)
    scenario(
        `the hub is killed under a ${library} service: every record once, in order`,
        async (s) => {
            const hub = await s.hub();
            const service = s.spawn("the service", process.execPath, [serviceOf(library), hub.url, String(RECORDS), String(RATE)]);
            await killUnder(hub, service);
            assert.equal(await service.end(LONG.timeout), 0, service.stderr);
            assert.equal(await told(hub), RECORDS);
        },
        LONG,
    );

scenario("a hub that is away for too long is told how many records it missed", async (s) => {
    const hub = await s.hub();
    const size = 50; // so 1,000 may wait
    const service = s.spawn("the service", process.execPath, [serviceOf("winston"), hub.url, "6000", String(RATE), String(size)]);
    await until("the first records", async () => (await countOf(hub)) > 500, PATIENCE_MS);
    await hub.kill();
    await new Promise((resolve) => setTimeout(resolve, 600)); // as long as the hub is away, and no wait for anything
    await hub.start();
    assert.equal(await service.end(30_000), 0);
    const { json } = await hub.get("/api/v1/logs", { source: "service", limit: 10_000, order: "asc" });
    const numbers = json.logs.flatMap(({ message }) => /^out (\d+)/.exec(message)?.[1] ?? []).map(Number);
    const missed = json.logs.reduce((sum, { fields }) => sum + (fields?.dropped ?? 0), 0);
    assert.ok(missed > 0);
    assert.match(service.stdout, new RegExp(`dropped ${missed}`));
    assert.equal(numbers.length + missed, 6_000, "stored and announced are all there were");
    assert.ok(numbers.every((n, i) => i === 0 || n > numbers[i - 1]));
});

for (const library of LIBRARIES) {
    scenario(`under logmill run records of ${library} go through the pipe, and survive SIGKILL`, async (s) => {
        const hub = await s.hub();
        const run = s.run(hub, ["--name", "service", "--quiet"], [process.execPath, serviceOf(library), hub.url, "1000000", String(RATE)]);
        await until("the first records", async () => {
            const { json } = await hub.get("/api/v1/logs", { source: "service", q: "out" });
            return json.logs.length > 50 && json.logs[0].job_run_id === "service";
        }, PATIENCE_MS);
        const { pid } = (await hub.processes()).service;
        process.kill(pid, "SIGKILL");
        await run.end();
        await until("the end", async () => (await hub.get("/api/v1/logs", { source: "service", limit: 1 })).json.logs[0]?.message.includes("SIGKILL"));
        assert.ok((await told(hub)) > 50);
    }, LONG);

    scenario(`without it a ${library} service that is killed leaves no hole and nothing twice`, async (s) => {
        const hub = await s.hub();
        const service = s.spawn("the service", process.execPath, [serviceOf(library), hub.url, "1000000", String(RATE)]);
        await until("the first records", async () => (await countOf(hub)) > 1_000, PATIENCE_MS);
        await hub.kill();
        await hub.start();
        await until("more records", async () => (await countOf(hub)) > 3_000, PATIENCE_MS);
        service.signal("SIGKILL");
        assert.equal(await service.end(), "SIGKILL");
        assert.ok((await told(hub)) > 3_000);
    }, LONG);
}

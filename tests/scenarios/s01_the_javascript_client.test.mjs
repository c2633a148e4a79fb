// SPDX-License-Identifier: MIT
//
// @logmill/client against a real hub: it resumes by itself, asks for recent records, changes its
// filter, reads history, and says why it is refused.

import assert from "node:assert/strict";
import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { ServiceClient } from "../lib/service_client.mjs";
import { Storm } from "../lib/storm.mjs";
import { until } from "../lib/wait.mjs";

const ROUNDS = rounds(2);
const TRANSPORTS = ["websocket", "sse"];

scenario(
    `${ROUNDS} times kill -9 of the hub: both transports show every line once`,
    async (s) => {
        const storm = await new Storm(s, { names: ["one"], rate: 5000 }).begin();
        for (const transport of TRANSPORTS)
            storm.follow(await s.ready(new ServiceClient(storm.hub, transport, { jobRunId: "storm", after: 0 })));
        for (let round = 1; round <= ROUNDS; round++) {
            await storm.blow(3000);
            await storm.interrupt((hub) => hub.kill());
        }
        await storm.blow(3000);
        await storm.end();
    },
    { timeout: 60_000 + ROUNDS * 15_000 },
);

async function hubWithNumbers(s, n) {
    const hub = await s.hub();
    const client = await s.ready(new ServiceClient(hub, "sse", { source: "count" }));
    await s.run(hub, ["--name", "count", "--job", "7"], ["seq", "1", String(n)]).end();
    await client.record((r) => r.fields?.event === "exit");
    return { hub, service: client.service };
}

for (const transport of TRANSPORTS)
    scenario(`recent records are asked for beside the stream, over ${transport}`, async (s) => {
        const { hub } = await hubWithNumbers(s, 50);
        const client = await s.ready(new ServiceClient(hub, transport, { jobRunId: "7", stream: "stdout" }));
        const logs = await client.stream.requestLogs({ limit: 3 });
        assert.deepEqual(
            logs.map((log) => log.message),
            ["48", "49", "50"],
        );
        const older = await client.stream.requestLogs({ limit: 2, before: logs[0].id });
        assert.deepEqual(
            older.map((log) => log.message),
            ["46", "47"],
        );
        assert.deepEqual(client.messages, [], "the stream itself has nothing of it");
    });

for (const transport of TRANSPORTS)
    scenario(`a filter is changed on the way, over ${transport}`, async (s) => {
        const hub = await s.hub();
        const client = await s.ready(new ServiceClient(hub, transport, { source: "a" }));
        await s.run(hub, ["--name", "a"], ["echo", "first"]).end();
        await client.record("first");
        client.stream.setFilter({ source: "b" });
        await client.ready();
        await until("records of the new filter", async () => {
            await s.run(hub, ["--name", "b"], ["echo", "second"]).end();
            return client.messages.includes("second");
        });
        await s.run(hub, ["--name", "a"], ["echo", "unwanted"]).end();
        await s.run(hub, ["--name", "b"], ["echo", "last"]).end();
        await client.record("last");
        assert.ok(!client.messages.includes("unwanted"));
    });

scenario("history comes in pages of one snapshot", async (s) => {
    const { service } = await hubWithNumbers(s, 25);
    const first = await service.getJobRunLogs("7", { limit: 10, stream: "stdout" });
    assert.equal(first.pagination.total, 25);
    const { cursor } = first.pagination;
    const second = await service.getJobRunLogs("7", { limit: 10, offset: 10, cursor, stream: "stdout" });
    assert.equal(second.logs[0].message, "11");
    const newest = await service.search({ jobRunId: "7", q: "stream:stdout", limit: 1 });
    assert.equal(newest.logs[0].message, "25");
    const whole = await service.getRecord(newest.logs[0].id);
    assert.deepEqual(whole, newest.logs[0]);
    const status = await service.getStreamingStatus();
    assert.equal(status.status, "active");
    await assert.rejects(service.search({ q: "(" }), { name: "HubError", status: 400, code: "bad_filter" });
});

scenario("a wrong filter is refused with its reason, and the client does not rage", async (s) => {
    const hub = await s.hub();
    for (const transport of TRANSPORTS) {
        const client = new ServiceClient(hub, transport, { q: "(level" });
        s.clients.push(client);
        await until("the refusal", () => client.stream.state.name === "refused");
        assert.match(client.errors[0], /never closed/);
    }
});

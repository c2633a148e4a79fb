// SPDX-License-Identifier: MIT
//
// The IPC client of @logmill/client against a real hub, over the local socket and over WebSocket.

import assert from "node:assert/strict";
import WebSocket from "ws";
import { followLogs, IpcClient, webSocketLink } from "../../clients/client/dist/esm/index.js";
import { localLink } from "../../clients/client/dist/esm/node.js";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LINKS = [
    ["the local socket", (hub) => localLink(hub.socket)],
    ["WebSocket", (hub) => webSocketLink(hub.url, { WebSocket })],
];

async function open(s, link, options) {
    const hub = await s.hub();
    await s.run(hub, ["--name", "count", "--job", "7", "--quiet"], ["seq", "1", "3000"]).end();
    const client = new IpcClient(link(hub), options);
    s.clients.push({ close: () => client.close() });
    return { hub, client };
}

for (const [name, link] of LINKS) {
    scenario(`calls are answered over ${name}`, async (s) => {
        const { client } = await open(s, link);
        const answer = await client.request("logs:count", { job_run_id: "7", stream: "stdout" });
        assert.equal(answer.success, true);
        assert.equal(answer.data.count, 3000);
        assert.ok(answer.metadata.executionTime >= 0);
        await assert.rejects(client.call("no:such"), { code: "IPC_UNKNOWN_CHANNEL" });
        await assert.rejects(client.call("logs:count", { q: "(" }), { name: "IpcError" });
    });

    scenario(`a long answer comes in chunks over ${name}`, async (s) => {
        const { client } = await open(s, link);
        const messages = [];
        for await (const chunk of client.stream("logs:scan", { job_run_id: "7", stream: "stdout" }, { credit: 64 * 1024 }))
            messages.push(...(chunk.data ?? []).filter((item) => !item.type).map((record) => Number(record.message)));
        assert.deepEqual(messages, Array.from({ length: 3000 }, (_, i) => i + 1));
    });

    scenario(`records are followed over ${name}, and again after the hub was killed`, async (s) => {
        const { hub, client } = await open(s, link, { maxReconnectDelay: 200 });
        const messages = [];
        const stop = new AbortController();
        const following = (async () => {
            for await (const item of followLogs(client, { source: "live", stream: "stdout", after: 0, signal: stop.signal }))
                messages.push(item.message);
        })();
        const say = (word) => s.run(hub, ["--name", "live", "--quiet"], ["echo", word]).end();
        await say("first");
        await until("the record", () => messages.includes("first"));
        await hub.kill();
        await hub.start();
        await say("second");
        await until("the next record", () => messages.includes("second"));
        assert.deepEqual(messages, ["first", "second"], "each once");
        stop.abort();
        await assert.rejects(following, { code: "IPC_CANCELLED" });
        const { count } = await client.call("logs:count", { job_run_id: "7", stream: "stdout" });
        assert.equal(count, 3000);
    });
}

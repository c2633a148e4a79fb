// SPDX-License-Identifier: MIT
//
// store: false: sent live and counted, never stored; and whoever asks later is told so, in place.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const CHATTY = "for i in 1 2 3 4 5; do echo chat $i; sleep 0.05; done; sleep 60";
const processes = {
    chatty: { command: ["sh", "-c", CHATTY], store: false },
    steady: { command: ["sh", "-c", "echo steady; sleep 60"] },
};

scenario("lines of a process with store: false are seen live and are in its file", async (s) => {
    const busy = "i=0; while :; do i=$((i+1)); echo chat $i; sleep 0.02; done";
    const hub = await s.hub({ processes: { busy: { command: ["sh", "-c", busy], store: false } } });
    const live = await s.websocket(hub, { source: "busy" });
    const first = await live.record((r) => r.source === "busy");
    await live.record((r) => r.id >= first.id + 10);
    const numbers = live.messages.map((m) => Number(m.slice("chat ".length)));
    assert.deepEqual(numbers, numbers.map((_, i) => numbers[0] + i), "each once, in order");
    assert.equal((await hub.get("/api/v1/logs", { source: "busy" })).json.pagination.total, 0);
    assert.ok((await hub.metric("unstored_total")) >= numbers.length);
    assert.ok(hub.logFile("busy").toString().includes(`chat ${numbers[0]}\n`));
});

scenario("a client that comes later gets a gap where they were, also after kill -9", async (s) => {
    const hub = await s.hub({ processes });
    await until("five lines", async () => (await hub.metric("unstored_total")) >= 5);
    await until("the other", async () => (await hub.get("/api/v1/logs", { source: "steady" })).json.pagination.total);
    for (const life of ["the same hub", "the next"]) {
        const all = await s.websocket(hub, { after: 0 });
        const chatty = await s.websocket(hub, { after: 0, source: "chatty" });
        const steady = await s.websocket(hub, { after: 0, source: "steady" });
        await all.notice("gap");
        await chatty.notice("gap");
        await steady.record("steady");
        const gaps = all.notices.filter((n) => n.type === "gap");
        assert.ok(gaps.every((g) => g.reason === "unstored"), `${life}: ${JSON.stringify(gaps)}`);
        assert.equal(gaps.reduce((n, g) => n + g.count, 0), 5, life);
        assert.ok(chatty.notices.every((g) => g.reason === "unstored" && g.count === null));
        assert.equal(chatty.count, 0);
        assert.equal(steady.notices.length, 0);
        for (const client of [all, chatty, steady]) await client.close();
        if (life === "the same hub") {
            await hub.kill();
            await hub.start();
            assert.equal(await hub.metric("journal_damage_total"), 0);
        }
    }
});

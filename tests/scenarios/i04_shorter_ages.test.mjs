// SPDX-License-Identifier: MIT
//
// What is not worth keeping as long as the rest: records that say so themselves (ttl), and sources with a rule
// of their own (retention.rules). They are hidden in time, and their space comes back.

import assert from "node:assert/strict";
import { join } from "node:path";
import { diskBytes } from "../lib/disk.mjs";
import { FakeTime } from "../lib/faketime.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const count = async (hub, params = {}) => (await hub.ask(`${LOGS}/count`, params)).json.count;

/** Lines that do not pack well, 200 bytes each. */
function lines(n, more) {
    const noise = () => Math.random().toString(36).slice(2).padEnd(12, "x");
    return Array.from({ length: n }, (_, i) =>
        JSON.stringify({ message: `${i} ${Array.from({ length: 12 }, noise).join(" ")}`, ...more }),
    ).join("\n");
}

async function post(hub, params, body) {
    const answer = await hub.ask(LOGS, params, { method: "POST", body });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

/** Hours pass; a question wakes the hub, which then looks at its timers. */
async function pass(hub, time, hours) {
    for (const step of hours) {
        time.set(step);
        await count(hub, { source: "nobody" });
    }
}

scenario("a record that says how long it is kept is hidden in time, and its space comes back", async (s) => {
    const time = new FakeTime(s.path("now"));
    const hub = await s.hub({ env: time.env, settings: { retention: { classes: ["2h", "1d"] } } });
    const history = join(hub.stateDir, "history");
    await post(hub, { source: "short", ttl: "90m" }, lines(15_000));
    await post(hub, { source: "long" }, lines(15_000));
    await post(hub, { source: "own" }, lines(15_000, { ttl: "20h" }));
    await post(hub, { source: "filler" }, lines(40_000)); // so that what came before is sealed
    await until("a chunk", () => diskBytes(history, /\.seg$/) > 0);
    await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0);
    const before = diskBytes(history);

    await pass(hub, time, [1]);
    assert.equal(await count(hub, { source: "short" }), 15_000);
    await pass(hub, time, [3]);
    assert.equal(await count(hub, { source: "short" }), 0);
    assert.equal((await hub.ask(LOGS, { source: "short" })).json.logs.length, 0);
    assert.equal(await count(hub, { source: "own" }), 15_000);
    await pass(hub, time, [4.5, 6]);
    await until("the space of what was short", () => diskBytes(history) < before * 0.9);
    await pass(hub, time, [26]);
    assert.equal(await count(hub, { source: "own" }), 0);
    await pass(hub, time, [28, 30]);
    await until("the space of what was longer", () => diskBytes(history) < before * 0.75);
    assert.equal(await count(hub, { source: "long" }), 15_000);
    await hub.kill();
    await hub.start();
    assert.equal(await count(hub, { source: "long" }), 15_000);
    assert.equal(await count(hub, { source: "own" }), 0);
});

scenario("a source with a rule of its own goes earlier than the rest; nobody else does", async (s) => {
    const time = new FakeTime(s.path("now"));
    const rules = [{ source: "chatty", max_age: "1d" }, { labels: { campaign_id: "trial" }, max_age: "2d" }];
    const hub = await s.hub({ env: time.env, settings: { retention: { rules } } });
    const history = join(hub.stateDir, "history");
    await post(hub, { source: "chatty" }, lines(30_000));
    await post(hub, { source: "app" }, lines(1000, { campaign_id: "trial" }));
    await post(hub, { source: "app" }, lines(40_000, { campaign_id: "real" }));
    await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0);
    const before = diskBytes(history);
    await pass(hub, time, [20, 22]);
    assert.equal(await count(hub, { source: "chatty" }), 30_000);
    await pass(hub, time, [26, 28]);
    assert.equal(await count(hub, { source: "chatty" }), 0);
    assert.equal(await count(hub, { source: "app" }), 41_000);
    await until("its space", () => diskBytes(history) < before * 0.75);
    await pass(hub, time, [50, 52]);
    assert.equal(await count(hub, { source: "app" }), 40_000);
    assert.equal(await count(hub, { campaign_id: "real" }), 40_000);
});

scenario("how long records are kept is said in words that are understood, or refused", async (s) => {
    const hub = await s.hub();
    for (const ttl of ["", "soon", "7", "0s", "-1d"]) {
        const answer = await hub.ask(LOGS, { ttl }, { method: "POST", body: '{"message":"x"}' });
        assert.equal(answer.status, 400, ttl);
        assert.match(answer.json.error.message, /^ttl is how long these records are kept, such as 12h or 7d$/);
    }
    await post(hub, {}, '{"message":"a name server","ttl":300}');
    const [record] = (await hub.ask(LOGS, { search: "name server" })).json.logs;
    assert.equal(record.fields.ttl, 300);
});

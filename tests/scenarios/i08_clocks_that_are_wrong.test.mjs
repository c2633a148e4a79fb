// SPDX-License-Identifier: MIT
//
// The wall clock is set back an hour, then ten years ahead, while the hub runs and between two lives of it. Nothing is
// deleted for that, order is by id, and what is asked by time is what the records say.

import assert from "node:assert/strict";
import { FakeTime } from "../lib/faketime.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const JOB = "clock";
const TEN_YEARS = 10 * 8766;
const N = 40_000; // more than a file of the journal
const RETENTION = { max_age: "2d" };

const count = async (hub, params = {}) => (await hub.ask(`${LOGS}/count`, { job_run_id: JOB, ...params })).json.count;

/** Lines without a time of their own: they get the hub's. */
async function post(hub, phase, n) {
    const noise = () => Math.random().toString(36).slice(2).padEnd(12, "x");
    const body = Array.from({ length: n }, (_, i) =>
        JSON.stringify({ message: `${phase} ${i} ${Array.from({ length: 14 }, noise).join(" ")}`, job_run_id: JOB }),
    ).join("\n");
    const answer = await hub.ask(LOGS, { source: phase }, { method: "POST", body });
    assert.equal(answer.json.accepted, n, answer.text);
}

function checkRising(ids) {
    assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]));
}

/** Everything, as each way of reading gives it, comes in the order in which it was logged. */
async function checkOrder(hub, phases) {
    const rows = (await hub.ask(`${LOGS}/export`, { job_run_id: JOB })).text.trimEnd().split("\n").map((l) => JSON.parse(l));
    checkRising(rows.map((r) => r.id));
    const order = rows.map((r) => r.source).filter((source, i, all) => source !== all[i - 1]);
    assert.deepEqual(order, phases);
    const text = (await hub.ask(`${LOGS}/job-runs/${JOB}/download`)).text.trimEnd().split("\n");
    assert.equal(text.length, rows.length);
    const newest = (await hub.ask(LOGS, { job_run_id: JOB, limit: 1 })).json.logs[0];
    assert.equal(newest.id, rows.at(-1).id);
    return rows;
}

scenario("a clock that is set while the hub runs", async (s) => {
    const time = new FakeTime(s.path("now"), { wallOnly: true });
    const hub = await s.hub({ env: time.env, settings: { retention: RETENTION } });
    const client = await s.websocket(hub, { job_run_id: JOB });
    await post(hub, "right", N);
    time.set(-1);
    await post(hub, "behind", 10);
    const early = (await hub.ask(LOGS, { source: "behind", from: "30m" })).json;
    assert.equal(early.logs.length, 10, "`30m` is by the clock of now");
    time.set(TEN_YEARS);
    await post(hub, "ahead", N);
    assert.equal(await count(hub, { from: "1h" }), N);
    const [{ timestamp }] = (await hub.ask(LOGS, { source: "ahead", limit: 1 })).json.logs;
    const day = timestamp.slice(0, 10);
    assert.equal(Number(day.slice(0, 4)), new Date(Date.now() + TEN_YEARS * 3_600_000).getUTCFullYear());
    const file = (await hub.ask(`${LOGS}/job-runs/${JOB}/download`, { date: day })).text.trimEnd().split("\n");
    assert.ok(file.length > 0 && file.every((line) => line.includes("ahead")));
    time.set(0);
    await post(hub, "again", 10);
    await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0);
    assert.equal(await count(hub), 2 * N + 20);
    assert.equal(await count(hub, { to: "0s" }), N + 20, "what comes later than now by its own time");
    await checkOrder(hub, ["right", "behind", "ahead", "again"]);
    await until("the live client to have the last line", () => client.records.at(-1)?.source === "again");
    checkRising(client.ids);
});

/** Hours of the hub's life; a question wakes it, and it looks at its timers. */
async function live(hub, time, from, hours) {
    for (let i = 1; i <= hours; i++) {
        time.set(from + i * 1.1);
        await count(hub);
    }
}

scenario("a hub that starts under a clock that is wrong", async (s) => {
    const time = new FakeTime(s.path("now"));
    const hub = await s.hub({ env: time.env, settings: { retention: RETENTION } });
    await post(hub, "right", N);
    await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0);
    await hub.stop();
    time.set(TEN_YEARS);
    await hub.start();
    await live(hub, time, TEN_YEARS, 6);
    await post(hub, "ahead", 10);
    assert.equal(await count(hub), N + 10, "ten years passed, or did not");
    await hub.kill();
    time.set(-1);
    await hub.start();
    await post(hub, "behind", 10);
    await live(hub, time, -1, 3);
    assert.equal(await count(hub), N + 20);
    await checkOrder(hub, ["right", "ahead", "behind"]);
    await hub.stop();
    time.set(0);
    await hub.start();
    assert.equal(await count(hub), N + 20);
    const resumed = await s.websocket(hub, { job_run_id: JOB, after: "0", resume: "all" });
    await until("a replay of everything", () => resumed.records.length === N + 20, 20_000);
    checkRising(resumed.ids);
});

// SPDX-License-Identifier: MIT
//
// The history is as large as it may be: the oldest lines go, and who asks for them is told so.

import assert from "node:assert/strict";
import { Ledger } from "../lib/ledger.mjs";
import { program } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LINES = 500_000; // about 60 MB of journal, eight chunks

function write(s, hub, job) {
    const command = [program("writer"), "0", String(LINES)];
    return s.run(hub, ["--name", "writer", "--job", job, "--quiet"], command).end(30_000);
}

scenario("what is no longer kept is a gap with its number of lines, and the rest is whole", async (s) => {
    const hub = await s.hub({ settings: { journal_max: "32MiB", retention: { max_bytes: "1kB" } } });
    await write(s, hub, "1");
    await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0);
    const ws = await s.websocket(hub, { after: "0", resume: "all" });
    const ledger = new Ledger("the replay", { anywhere: true });
    const first = await until("the first record", () => ws.records[0]);
    for (const record of ws.records.splice(0)) ledger.add(record);
    ws.onRecord = (record) => ledger.add(record);
    await until("the end of the replay", () => ledger.last("writer", "err") === LINES / 2, 20_000);
    ledger.assertClean();

    assert.equal(ws.notices.length, 1);
    const [gap] = ws.notices;
    assert.equal(gap.type, "gap");
    assert.equal(gap.reason, "retention");
    assert.equal(gap.next, first.id);
    assert.equal(gap.count, first.id - 1);
    const oldest = (await hub.get("/api/v1/logs", { order: "asc", limit: 1 })).json;
    assert.equal(oldest.logs[0].id, first.id);
    assert.equal((await hub.get(`/api/v1/logs/${first.id - 1}`)).status, 404);
});

scenario("a sleeping replay that retention overtakes is told; the hub's memory stays small", async (s) => {
    const hub = await s.hub({ settings: { journal_max: "32MiB", retention: { max_bytes: "1kB" } } });
    await write(s, hub, "1");
    const ws = await s.websocket(hub, { after: "0", source: "writer", resume: "all" });
    await until("a first record", () => ws.count > 0);
    ws.socket.pause();
    const before = hub.memoryKb();
    await write(s, hub, "2");
    assert.ok(
        hub.memoryKb() - before < 80_000,
        `grew by ${hub.memoryKb() - before} kB, mapped journal files included`,
    );

    const ids = [];
    const ends = [];
    const note = (record) => {
        assert.ok(record.id > (ids.at(-1) ?? 0), "ids rise");
        ids.push(record.id);
        if (record.fields?.event === "exit") ends.push(record.job_run_id);
    };
    for (const record of ws.records.splice(0)) note(record);
    ws.onRecord = note;
    ws.socket.resume();
    await until("the end of the second run", () => ends.includes("2"), 20_000);
    assert.ok(ws.notices.every((notice) => notice.type === "gap" && notice.reason === "retention"));
    assert.ok(ws.notices.length >= 2, "at the beginning, and where it was overtaken");
    await everyIdIsAccountedFor(hub, ids, ws.notices);
});

/* What was not sent lies in a gap that was told, or is another's; and nothing that was sent lies in a gap. */
async function everyIdIsAccountedFor(hub, ids, gaps) {
    const isTold = (id) => gaps.some((gap) => gap.after < id && id < gap.next);
    assert.ok(!ids.some(isTold), "no record of a gap is sent");
    const others = [];
    for (const [i, id] of ids.entries())
        for (let at = (ids[i - 1] ?? 0) + 1; at < id; at++)
            if (!isTold(at)) others.push(at);
    assert.ok(others.length < 100, `${others.length} records are missing without a word`);
    for (const id of others) {
        const answer = await hub.get(`/api/v1/logs/${id}`);
        assert.ok(answer.status === 404 || answer.json.source !== "writer", `record ${id} was left out`);
    }
}

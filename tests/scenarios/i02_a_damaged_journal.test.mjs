// SPDX-License-Identifier: MIT
//
// A byte on the disk has turned. The hub starts all the same, says so, serves what is whole, gives out
// no id twice, and tells clients where something is missing.

import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

/* Turns a bit at this part of what is written in the newest journal file. */
function damage(hub, part) {
    const folder = join(hub.stateDir, "journal");
    const file = join(
        folder,
        readdirSync(folder)
            .filter((name) => /^\d+$/.test(name))
            .sort()
            .at(-1),
    );
    const bytes = readFileSync(file);
    let end = bytes.length;
    while (bytes[end - 1] === 0) end--;
    const at = Math.floor(end * part);
    const fd = openSync(file, "r+");
    writeSync(fd, Buffer.from([bytes[at] ^ 1]), 0, 1, at);
    closeSync(fd);
}

scenario("a damaged journal costs the damaged lines only, and it is said", async (s) => {
    const hub = await s.hub();
    for (const [first, last] of [
        [1, 100],
        [101, 200],
        [201, 300],
    ])
        await s.run(hub, ["--name", "count", "--job", "1"], ["seq", String(first), String(last)]).end();
    const before = await hub.history("1");
    await hub.kill();
    damage(hub, 0.5);
    await hub.start();

    await hub.process.says(/WARN: Journal damage: .*what is missing will show as a gap/);
    assert.equal(await hub.metric("journal_damage_total"), 1);
    const after = await hub.history("1");
    assert.ok(after.logs.length >= 100 && after.logs.length < before.logs.length);
    const known = new Map(before.logs.map((r) => [r.id, r.message]));
    for (const record of after.logs)
        assert.equal(record.message, known.get(record.id), "what is served is what was written");

    const ws = await s.websocket(hub, { after: "0" });
    assert.equal((await ws.notice("gap")).reason, "crash");
    await s.run(hub, ["--name", "count", "--job", "2"], ["echo", "after the damage"]).end();
    const fresh = await ws.record("after the damage");
    assert.ok(fresh.id > before.logs.at(-1).id, "no id is given twice");
    await until("ids that rise", () => ws.ids.every((id, i) => i === 0 || id > ws.ids[i - 1]));
});

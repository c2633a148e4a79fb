// SPDX-License-Identifier: MIT
//
// A byte on the disk has turned. The hub starts all the same, says so, serves what is whole, gives out
// no id twice, and tells clients where something is missing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { LOGMILL } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

function newestFile(hub) {
    const folder = join(hub.stateDir, "journal");
    const names = readdirSync(folder).filter((name) => /^\d+$/.test(name));
    return join(folder, names.sort().at(-1));
}

/* Turns a bit at this part of what is written in the newest journal file. */
function damage(hub, part) {
    const file = newestFile(hub);
    const bytes = readFileSync(file);
    let end = bytes.length;
    while (bytes[end - 1] === 0) end--;
    const at = Math.floor(end * part);
    const fd = openSync(file, "r+");
    writeSync(fd, Buffer.from([bytes[at] ^ 1]), 0, 1, at);
    closeSync(fd);
}

function verify(hub, status) {
    const verified = spawnSync(LOGMILL, ["verify", "--state-dir", hub.stateDir], { encoding: "utf8" });
    assert.equal(verified.status, status, verified.stdout + verified.stderr);
    return verified.stdout;
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
    assert.match(verify(hub, 0), /\d+ journal files with \d+ batches: all is well\n$/);
    damage(hub, 0.5);
    assert.match(verify(hub, 1), /^journal\/\d{16} at \d+: .*\(\d+ records cannot be read\)\n.*1 damaged places/);
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

scenario("a hub whose journal was cut short under it says why it ends, and the next one goes on", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "count", "--job", "1"], ["seq", "100"]).end();
    truncateSync(newestFile(hub), 0);
    const late = s.run(hub, ["--name", "late", "--job", "2", "--quiet"], ["sh", "-c", "echo held; exec sleep 1"]);
    await hub.process.says(/cut short or cannot be read.*keepers hold what was not acknowledged/);
    await hub.process.end();

    await hub.start();
    const ws = await s.websocket(hub, { job_run_id: "2", after: "0" });
    await ws.record("held");
    await late.end();
});

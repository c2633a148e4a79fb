// SPDX-License-Identifier: MIT
//
// A byte of a sealed file turns while the hub runs. Who asks gets everything else and is told that something is
// missing; the hub says where, once, however many ask.

import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { LOGMILL } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const JOBS = ["left", "right"];
const N = 24_000;

/** Two runs take turns; texts that do not compress, so that a file is texts for the most part. */
function lines() {
    const noise = () => Math.random().toString(36).slice(2).padEnd(12, "x");
    return Array.from({ length: N }, (_, i) =>
        JSON.stringify({
            message: `tick ${i} ${Array.from({ length: 14 }, noise).join(" ")}`,
            source: "clock",
            job_run_id: JOBS[i % 2],
        }),
    ).join("\n");
}

function segment(hub) {
    const history = join(hub.stateDir, "history");
    const day = readdirSync(history).find((name) => /^\d{4}-/.test(name));
    return join(history, day, readdirSync(join(history, day)).find((name) => name.endsWith(".seg")));
}

/** Turns one byte in the middle of the file. */
function damage(file) {
    const fd = openSync(file, "r+");
    const byte = Buffer.alloc(1);
    const at = Math.floor(statSync(file).size * 0.45);
    readSync(fd, byte, 0, 1, at);
    byte[0] ^= 0x10;
    writeSync(fd, byte, 0, 1, at);
    closeSync(fd);
    return at;
}

const count = async (hub, params) => (await hub.get(`${LOGS}/count`, params)).json;

scenario("a query that meets damage answers the rest and says so, and the hub says where", async (s) => {
    const hub = await s.hub();
    await hub.get(LOGS, {}, { method: "POST", body: lines() });
    await hub.get(LOGS, {}, { method: "POST", body: lines() }); // so that the file with the first ones is full
    await until("a chunk", async () => (await hub.metric("store_chunks")) === 1 && (await hub.metric("journal_unsealed")) === 0);
    const file = segment(hub);
    damage(file);

    const found = {};
    for (const job of JOBS) found[job] = await count(hub, { job_run_id: job, search: "tick" });
    const [hurt, whole] = found.left.unread ? JOBS : [...JOBS].reverse();
    const { unread } = found[hurt];
    assert.ok(unread > 100 && unread < N, JSON.stringify(found));
    assert.deepEqual(found[hurt], { unread, count: N - unread, at_least: false });
    assert.deepEqual(found[whole], { count: N, at_least: false }, "the others miss nothing");
    assert.deepEqual(await count(hub, { job_run_id: hurt }), { count: N, at_least: false }, "labels are whole");

    const list = (await hub.get(LOGS, { job_run_id: hurt, search: "tick", limit: 10, order: "asc" })).json;
    assert.equal(list.logs.length, 10);
    assert.equal(list.unread, unread);
    const facets = (await hub.get(`${LOGS}/facets`, { key: "job_run_id", search: "tick" })).json;
    assert.equal(facets.unread, unread);
    assert.equal(facets.records, 2 * N - unread);

    for (const params of [{ search: "tick" }, {}]) {
        const rows = (await hub.get(`${LOGS}/export`, { job_run_id: hurt, ...params })).text.trimEnd().split("\n");
        assert.equal(rows.length, N - unread + 1);
        assert.match(JSON.parse(rows.at(-1)).message, /Records are missing here/);
    }
    const command = s.logmill(["query", "--socket", hub.socket, "--count", "--job", hurt, "tick"]);
    await command.end();
    assert.match(command.stderr, new RegExp(`${unread} records could not be looked at`));

    assert.equal(await hub.metric("store_damage_total"), 1);
    const own = { source: "logmill", search: "History damage" };
    await until("the hub's own record of it", async () => (await count(hub, own)).count === 1);
    const said = (await hub.get(LOGS, own)).json.logs[0];
    const [, name, at, records] = /: (history\/\S+) at (\d+): (\d+) records/.exec(said.message);
    assert.equal(join(hub.stateDir, name), file);
    assert.equal(Number(records), unread);
    assert.equal(said.level, "error");

    await hub.stop();
    const verified = spawnSync(LOGMILL, ["verify", "--state-dir", hub.stateDir], { encoding: "utf8" });
    assert.equal(verified.status, 1);
    assert.match(verified.stdout, new RegExp(`${name}.*${at}`), "verify names the same place");
    await hub.start();
    assert.deepEqual(await count(hub, { job_run_id: hurt, search: "tick" }), found[hurt]);
});

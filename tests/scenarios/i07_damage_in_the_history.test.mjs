// SPDX-License-Identifier: MIT
//
// A byte of a sealed file turns while the hub runs. Who asks gets everything else and is told that something is
// missing; the hub says where, once, however many ask.

import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { damagedHistory, JOBS, N } from "../lib/damage.mjs";
import { LOGMILL } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const count = async (hub, params) => (await hub.get(`${LOGS}/count`, params)).json;

scenario("a query that meets damage answers the rest and says so, and the hub says where", async (s) => {
    const hub = await s.hub();
    const file = await damagedHistory(hub);

    const found = {};
    for (const job of JOBS) found[job] = await count(hub, { job_run_id: job, search: "tick" });
    const [hurt, whole] = found.left.unread ? JOBS : [...JOBS].reverse();
    const { unread } = found[hurt];
    assert.ok(unread > 100 && unread < N, JSON.stringify(found));
    const [place, ...others] = found[hurt].unread_at;
    assert.deepEqual([place.count, others], [unread, []]);
    assert.ok(place.first_id > 0 && place.last_id - place.first_id >= unread, JSON.stringify(place));
    assert.deepEqual(found[hurt], { unread, unread_at: [place], count: N - unread, at_least: false });
    assert.deepEqual(found[whole], { count: N, at_least: false }, "the others miss nothing");
    assert.deepEqual(await count(hub, { job_run_id: hurt }), { count: N, at_least: false }, "labels are whole");

    const list = (await hub.get(LOGS, { job_run_id: hurt, search: "tick", limit: 10, order: "asc" })).json;
    assert.equal(list.logs.length, 10);
    assert.equal(list.unread, unread);
    const plain = (await hub.get(LOGS, { job_run_id: hurt, q: `id<=${place.last_id}`, limit: 10, count: "none" })).json;
    assert.deepEqual(plain.unread_at, [place], "without a word to look for, too");
    const there = (await hub.get(LOGS, { q: `tick id>=${place.first_id} id<=${place.last_id}`, count: "exact" })).json;
    assert.equal(there.pagination.total, place.last_id - place.first_id + 1 - unread, "the others between them are there");
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

// SPDX-License-Identifier: MIT
//
// DELETE /api/v1/logs: what is cleared is gone for every reader, counted, said, and stays gone; the rest stays.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";

const LOGS = "/api/v1/logs";

function post(hub, records) {
    return hub.get(LOGS, {}, { method: "POST", body: records.map((r) => JSON.stringify(r)).join("\n") });
}

const clear = (hub, params) => hub.ask(LOGS, params, { method: "DELETE" });
const count = async (hub, params) => (await hub.ask(`${LOGS}/count`, params)).json.count;

scenario("a job run is cleared, counted and said; later records of it are there again", async (s) => {
    const hub = await s.hub();
    const records = Array.from({ length: 5000 }, (_, i) => ({
        message: `line ${i}`,
        source: i % 2 ? "a" : "b",
        job_run_id: i % 5 ? "keep" : "drop",
    }));
    await post(hub, records);
    const answer = await clear(hub, { job_run_id: "drop", source: "a" });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, { deleted: 500, files: 0 });
    assert.equal(await count(hub, { job_run_id: "drop" }), 500);
    assert.equal(await count(hub, { job_run_id: "drop", source: "a" }), 0);
    assert.equal(await count(hub, { job_run_id: "keep" }), 4000);
    assert.equal((await hub.get(`${LOGS}/job-runs/drop`, { source: "a" })).json.pagination.total, 0);
    assert.equal((await hub.get(`${LOGS}/job-runs/drop/download`, { source: "a" })).status, 404);
    const said = (await hub.get(LOGS, { source: "logmill", search: "Cleared" })).json.logs;
    assert.match(said[0].message, /^Cleared 500 records with job_run_id=drop source=a, asked for by owner$/);
    await post(hub, [{ message: "a new life", source: "a", job_run_id: "drop" }]);
    assert.equal(await count(hub, { job_run_id: "drop", source: "a" }), 1);
    await hub.kill();
    await hub.start();
    assert.equal(await count(hub, { job_run_id: "drop", source: "a" }), 1);
    assert.equal(await count(hub, { job_run_id: "keep" }), 4000);
    assert.deepEqual((await clear(hub, { job_run_id: "nobody" })).json, { deleted: 0, files: 0 });
});

scenario("plain files go only when asked, and never those of a process that runs", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "old"], ["echo", "x"]).end();
    const sleeper = s.run(hub, ["--name", "young"], ["sh", "-c", "echo x; exec sleep 60"]);
    await hub.processIn("young", "running");
    const there = (name) => existsSync(join(hub.logDir, `${name}.log`));
    assert.equal((await clear(hub, { process_id: "old" })).json.files, 0);
    assert.ok(there("old"));
    await hub.processIn("old", "exited");
    assert.equal((await clear(hub, { process_id: "old", files: 1 })).json.files, 1);
    assert.ok(!there("old"));
    assert.equal((await clear(hub, { process_id: "young", files: 1 })).json.files, 0);
    assert.ok(there("young"));
    assert.equal((await clear(hub, { process_id: "../../x", files: 1 })).json.files, 0);
    sleeper.signal("SIGTERM");
    await sleeper.end();
});

scenario("what is not a clear by labels is refused, and nothing is gone", async (s) => {
    const hub = await s.hub();
    await post(hub, [{ message: "stays", source: "a", level: "info" }]);
    const wrong = [
        [{}, "bad_parameter", /say what is to be cleared by labels/],
        [{ files: 1 }, "bad_parameter", /say what is to be cleared by labels/],
        [{ source: "a", level: "info" }, "unknown_parameter", /unknown parameter 'level'/],
        [{ q: "source:a" }, "unknown_parameter", /unknown parameter 'q'/],
        [{ source: "a", files: 2 }, "bad_parameter", /files must be one of 0, 1/],
        [{ source: "" }, "bad_parameter", /source has no value/],
    ];
    for (const [params, code, sentence] of wrong) {
        const answer = await clear(hub, params);
        assert.equal(answer.status, 400, answer.text);
        assert.equal(answer.json.error.code, code);
        assert.match(answer.json.error.message, sentence);
    }
    assert.equal((await hub.get(LOGS, { source: "a" }, { method: "DELETE" })).status, 401);
    assert.equal(await count(hub, { source: "a" }), 1);
});

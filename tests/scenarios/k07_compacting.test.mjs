// SPDX-License-Identifier: MIT
//
// `logmill compact`: what was cleared is nowhere on the disk any more, the rest is there, and the hub goes on.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { diskBytes } from "../lib/disk.mjs";
import { LOGMILL, rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const count = async (hub, params = {}) => (await hub.ask(`${LOGS}/count`, params)).json.count;

/** Users take turns, so that no block belongs to one of them alone. */
function lines(n) {
    const noise = () => Math.random().toString(36).slice(2).padEnd(12, "x");
    return Array.from({ length: n }, (_, i) =>
        JSON.stringify({
            message: `${i} ${Array.from({ length: 12 }, noise).join(" ")}`,
            user_email: i % 3 ? "other@example.com" : "gone@example.com",
        }),
    ).join("\n");
}

const BODY = lines(30_000); // some 7 MB

async function post(hub) {
    const answer = await hub.ask(LOGS, { source: "app" }, { method: "POST", body: BODY });
    assert.equal(answer.status, 200, answer.text);
}

async function filled(s, times) {
    const hub = await s.hub();
    for (let i = 0; i < times; i++) await post(hub);
    await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0);
    return hub;
}

async function compact(s, hub) {
    const command = s.logmill(["compact", "--socket", hub.socket]);
    const status = await command.end(30_000);
    return { status, stdout: command.stdout, stderr: command.stderr };
}

scenario("what was cleared leaves the disk, and the rest stays", async (s) => {
    const hub = await filled(s, 3);
    const history = join(hub.stateDir, "history");
    const params = { user_email: "gone@example.com" };
    assert.equal((await hub.ask(LOGS, params, { method: "DELETE" })).json.deleted, 30_000);
    const before = diskBytes(history);
    const { status, stdout, stderr } = await compact(s, hub);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^1 pairs of files made anew: \d+ records gone, \S+ MB became \S+ MB\n$/);
    assert.ok(diskBytes(history) < before * 0.8, `${before} bytes became ${diskBytes(history)}`);
    assert.equal(await count(hub, { source: "app" }), 60_000);
    assert.equal(await count(hub, params), 0);
    assert.match((await compact(s, hub)).stdout, /^nothing to do/);
    await hub.kill();
    await hub.start();
    assert.equal(await count(hub, { source: "app" }), 60_000);
    await hub.stop();
    const verified = spawnSync(LOGMILL, ["verify", "--state-dir", hub.stateDir], { encoding: "utf8" });
    assert.equal(verified.status, 0, verified.stdout + verified.stderr);
});

/** Counts the new pairs that a compaction of `history` begins; they live too briefly to be found by looking. */
function newPairs(history) {
    const pairs = { begun: 0, close: () => watchers.forEach((watcher) => watcher.close()) };
    const seen = (_, name) => name.endsWith(".seg.new") && pairs.begun++;
    const days = readdirSync(history, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const watchers = days.map((day) => watch(join(history, day.name), { persistent: false }, seen));
    return pairs;
}

scenario("a hub that is killed while it compacts has lost nothing, and nothing comes back", async (s) => {
    const hub = await filled(s, 1);
    const history = join(hub.stateDir, "history");
    const times = rounds(3);
    let left = 30_000;
    for (let i = 0; i < times; i++) {
        for (let j = 0; j < 2; j++) await post(hub); // more than a file of the journal, so that some is sealed
        left += 60_000;
        await until("everything to be sealed", async () => (await hub.metric("journal_unsealed")) === 0);
        left -= (await hub.ask(LOGS, { user_email: "gone@example.com" }, { method: "DELETE" })).json.deleted;
        const pairs = newPairs(history);
        const asked = hub.ask("/api/v1/hub/compact", {}, { method: "POST" }).catch(() => {});
        if (i % 3) await until("a new pair to be begun", () => pairs.begun > 0);
        await new Promise((resume) => setTimeout(resume, Math.random() * 150));
        await hub.kill();
        await asked;
        pairs.close();
        await hub.start();
        assert.equal(await count(hub, { source: "app" }), left);
        assert.ok(!readdirSync(history, { recursive: true }).some((name) => name.endsWith(".new")), "nothing of it is left");
        const page = (await hub.ask(LOGS, { source: "app", limit: 1000, order: "asc" })).json.logs;
        assert.ok(page.every((record) => record.user_email === "other@example.com"));
    }
});

scenario("only an administrator may ask for it, and one at a time", async (s) => {
    const hub = await filled(s, 2);
    assert.equal((await hub.get("/api/v1/hub/compact", {}, { method: "POST" })).status, 401);
    await hub.ask(LOGS, { user_email: "gone@example.com" }, { method: "DELETE" });
    const answers = await Promise.all([1, 2].map(() => hub.ask("/api/v1/hub/compact", {}, { method: "POST" })));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409]);
    const said = (await hub.get(LOGS, { source: "logmill", search: "compact" })).json.logs;
    assert.ok(said.length > 0, "it is said who asked");
    assert.ok(readFileSync(join(hub.stateDir, "history", "tomb")).length >= 32);
});

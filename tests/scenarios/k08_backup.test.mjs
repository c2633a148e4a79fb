// SPDX-License-Identifier: MIT
//
// `logmill backup DIR` beside a hub that takes lines in, seals, clears and compacts: a hub started on the copy
// has everything that was acknowledged before, once and in order, and nothing that was cleared.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const PER_BODY = 2000;

/** Numbered lines, without end until `stop()`; `sent` is how many are acknowledged. */
function sender(hub) {
    const state = { sent: 0, stopped: false };
    state.done = (async () => {
        while (!state.stopped) {
            const body = Array.from({ length: PER_BODY }, (_, i) =>
                JSON.stringify({
                    message: `number ${state.sent + i} ${"some text ".repeat(8)}${Math.random()}`,
                    user_email: (state.sent + i) % 4 ? "stays@example.com" : "goes@example.com",
                }),
            ).join("\n");
            const answer = await hub.ask(LOGS, { source: "app" }, { method: "POST", body });
            assert.equal(answer.status, 200, answer.text);
            state.sent += PER_BODY;
        }
    })();
    return state;
}

async function backup(s, hub, dir) {
    const command = s.logmill(["backup", dir, "--state-dir", hub.stateDir]);
    const status = await command.end(40_000);
    return { status, stdout: command.stdout, stderr: command.stderr };
}

const numberOf = (record) => Number(record.message.split(" ")[1]);

/** Every record of the source in the order of ids. */
async function everything(hub) {
    const records = [];
    for (;;) {
        const { logs } = (
            await hub.ask(LOGS, { source: "app", order: "asc", limit: 10_000, offset: records.length })
        ).json;
        records.push(...logs);
        if (logs.length < 10_000) return records;
    }
}

scenario("a copy made while lines come in has all that was acknowledged, once and in order", async (s) => {
    const hub = await s.hub({ settings: { journal_max: "64MiB" } });
    const lines = sender(hub);
    for (let round = 0; round < 2; round++) {
        const goal = lines.sent + 60_000;
        await until(
            () => `${goal} lines; there are ${lines.sent}`,
            () => lines.sent >= goal,
            30_000,
        );
        const before = lines.sent;
        const clear = await hub.ask(LOGS, { user_email: "goes@example.com" }, { method: "DELETE" });
        assert.equal(clear.status, 200, clear.text);
        const compacting = hub.ask("/api/v1/hub/compact", {}, { method: "POST" }).catch(() => {});
        const acknowledged = lines.sent;
        const dir = s.path(`copy${round}`);
        const made = await backup(s, hub, join(dir, "state"), mkdirSync(dir));
        assert.equal(made.status, 0, made.stdout + made.stderr);
        assert.match(made.stdout, /MB copied to .*all is well\n$/s);

        const restored = await s.hub({ dir });
        const numbers = (await everything(restored)).map(numberOf);
        assert.ok(numbers.every((n, i) => i === 0 || n > numbers[i - 1]), "in order, each once");
        const has = new Set(numbers);
        for (let n = 0; n < acknowledged; n++)
            if (n % 4) assert.ok(has.has(n), `${n} of ${acknowledged}`);
            else if (n < before) assert.ok(!has.has(n), `${n} was cleared`);
        // It takes lines in, under ids of its own.
        const last = (await hub.ask(LOGS, { limit: 1 })).json.logs[0].id;
        await restored.ask(LOGS, { source: "new" }, { method: "POST", body: '{"message":"after the restore"}' });
        const [record] = (await restored.ask(LOGS, { source: "new" })).json.logs;
        assert.ok(record.id > last, `${record.id} is behind ${last}`);
        await restored.stop();
        await compacting;
    }
    lines.stopped = true;
    await lines.done;
});

scenario("a backup says why it cannot be made, and touches nothing", async (s) => {
    const hub = await s.hub();
    await hub.ask(LOGS, {}, { method: "POST", body: '{"message":"x"}' });
    const used = s.folder("used");
    writeFileSync(join(used, "mine"), "x");
    const full = await backup(s, hub, used);
    assert.equal(full.status, 1);
    assert.match(full.stderr, /^logmill backup: .*used is not empty\n$/);
    const nowhere = await backup(s, { stateDir: s.path("nothing") }, s.path("copy"));
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.stderr, /^logmill backup: there is no store in .*nothing\n$/);
    const unnamed = s.logmill(["backup", "--state-dir", hub.stateDir]);
    assert.equal(await unnamed.end(), 2);
    assert.match(unnamed.stderr, /name the folder for the copy/);
});

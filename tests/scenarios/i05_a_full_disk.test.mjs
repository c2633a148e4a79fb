// SPDX-License-Identifier: MIT
//
// The state lies on a disk of its own that gets full: live goes on, HTTP is told, what could not be stored
// is said in its place with its exact number, and storing goes on by itself when there is room.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const MB = 1024 * 1024;
const TALK = `until [ -e "$1" ]; do sleep 0.02; done; i=0; while :; do i=$((i+1)); echo "line $i ${"x".repeat(400)}"; done`;

/** A tmpfs of so many MB at the stage's state folder. False where nobody may mount. */
function smallDisk(s, megabytes) {
    const dir = s.folder("state");
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "none", dir]);
    return status === 0 ? dir : null;
}

function fill(dir, leave) {
    const { bavail, bsize } = statfsSync(dir);
    const fd = openSync(join(dir, "somebody-elses"), "w");
    const bytes = Buffer.alloc(MB);
    for (let left = bavail * bsize - leave; left > 0; left -= MB) writeSync(fd, bytes, 0, Math.min(MB, left));
    closeSync(fd);
}

scenario("a full disk: live goes on, what is missing is known to the line, and storing resumes", async (s, t) => {
    const dir = smallDisk(s, 64);
    if (!dir) return t.skip("nobody may mount a small disk here");
    try {
        const hub = await s.hub({
            processes: {
                talker: {
                    command: ["sh", "-c", TALK, "talker", s.path("go")],
                    labels: { job_run_id: "talk" },
                },
            },
        });
        const watcher = await s.websocket(hub, { job_run_id: "talk" });
        const everything = await s.websocket(hub, { source: "logmill" });
        fill(dir, 4 * MB); // no room for a third file of the journal, so none can be used again
        writeFileSync(s.path("go"), "");
        await until("lines that are sent live only", async () => (await hub.metric("live_only_total")) > 2000, 30_000);
        assert.equal(await hub.metric("live_only"), 1);
        const seen = watcher.records.length;
        await until("live to go on", () => watcher.records.length > seen + 100);
        const refused = await hub.ask("/api/v1/logs", {}, { method: "POST", body: '{"message":"x"}' });
        assert.equal(refused.status, 507, refused.text);
        assert.match(hub.process.stderr, /Nothing can be stored .*sent live only/);
        await hub.ask("/api/v1/processes/talker/stop", {}, { method: "POST" });

        rmSync(join(dir, "somebody-elses"));
        const freed = Date.now();
        await until("storing to go on", async () => (await hub.metric("live_only")) === 0);
        const took = Date.now() - freed;
        assert.ok(took < 1000, `it took ${took} ms`);
        const total = await hub.metric("live_only_total");
        const row = await until("the row of the job", () => watcher.records.find((r) => r.fields?.event === "unstored"));
        const { after, next, count } = row.fields;
        const said = await until("the hub's own words", () =>
            everything.records.find((r) => /There is room again/.test(r.message)),
        );
        assert.match(said.message, new RegExp(`${next - after - 1} lines \\(${after + 1} to ${next - 1}\\)`));
        assert.equal(next - after - 1, total);

        // Every line that was numbered is either in the history or counted, for the job to the line.
        const live = watcher.records.filter((r) => r.stream !== "system");
        const { logs } = await hub.history("talk");
        const stored = logs.filter((r) => r.stream !== "system");
        const missing = live.filter((r) => r.id > after && r.id < next);
        assert.ok(stored.every((r) => r.id <= after || r.id >= next));
        assert.ok(missing.length <= count && count <= total);
        assert.deepEqual(
            logs.filter((r) => r.fields?.event === "unstored").map((r) => r.fields.count),
            [count],
        );
        const late = await s.websocket(hub, { after });
        const gap = await until("the gap", () => late.notices.find((n) => n.type === "gap" && n.reason === "unstored"));
        assert.deepEqual([gap.after, gap.next, gap.count], [after, next, total]);
        const pushed = await hub.ask("/api/v1/logs", {}, { method: "POST", body: '{"message":"x"}' });
        assert.equal(pushed.status, 200, pushed.text);
        assert.equal(await hub.stop(), 0);
    } finally {
        for (const hub of s.hubs) await hub.cleanUp();
        spawnSync("umount", ["-l", dir]);
    }
});

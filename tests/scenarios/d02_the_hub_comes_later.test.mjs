// SPDX-License-Identifier: MIT
//
// A keeper holds what its hub does not take: memory first, then a file, and beyond that it counts.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { ledgerOf } from "../lib/ledger.mjs";
import { program } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const SAYING = " the quick brown fox jumps over the lazy dog and comes back\n";

/* Ends when all lines are written: with the hub away, the file says so. */
function written(hub) {
    return until("the writer to end", () => hub.logFile("writer").includes("total "), 30_000);
}

scenario("what was written before the hub was there arrives when it comes", async (s) => {
    const hub = s.newHub();
    const run = s.run(hub, ["--name", "early", "--job", "1"], ["sh", "-c", "seq 1 100; exec sleep 60"]);
    await until("the output", () => run.stdout.includes("100\n"));
    await hub.start();
    const ws = await s.websocket(hub, { job_run_id: "1", after: "0" });
    await ws.record("100");
    assert.deepEqual(
        ws.messages,
        Array.from({ length: 100 }, (_, i) => String(i + 1)),
    );
    run.signal("SIGTERM");
    assert.equal(await run.end(), "SIGTERM");
    await ws.record("killed by signal 15 (SIGTERM)");
});

scenario("8 MB written while the hub was away are all there afterwards, once", async (s) => {
    const lines = 120_000;
    const hub = await s.hub({ processes: { writer: keptWriter(s, lines) } });
    await hub.processIn("writer", "running");
    await hub.kill();
    mayBegin(s);
    await written(hub);
    await hub.start();
    await hub.processIn("writer", "exited", 20_000);
    const { logs } = await hub.history("1", { limit: 10_000 });
    const ledger = ledgerOf("the history", logs);
    ledger.assertClean();
    assert.equal(ledger.total, lines);
    assert.deepEqual(
        logs.filter((r) => r.stream === "system").map((r) => r.message),
        ["exited with code 0"],
    );
});

scenario(
    "more than the keeper may hold: the oldest go, counted to the byte, and the file has all",
    async (s) => {
        const lines = 1_300_000;
        const hub = await s.hub({ processes: { writer: keptWriter(s, lines) } });
        await hub.processIn("writer", "running");
        await hub.kill();
        mayBegin(s);
        await written(hub);
        await hub.start();
        const ws = await s.websocket(hub, { job_run_id: "1", after: "0", resume: "all", slow: "wait" });
        const sums = { bytes: 0, missing: 0, exits: 0, notes: [] };
        for (const record of ws.records.splice(0)) count(sums, record);
        ws.onRecord = (record) => count(sums, record);
        await until("the exit record", () => sums.exits === 1, 30_000);

        assert.ok(sums.missing > 0, "something had to go");
        assert.equal(sums.bytes + sums.missing, bytesWritten(hub), "shown and declared missing");
        assert.match(sums.notes.join(), /were given up because the hub did not take them for too long/);
        assert.equal(await hub.metric("gap_bytes_total"), sums.missing);
    },
    { timeout: 90_000 },
);

/* By what the writer says of itself; the file may have a few line ends more, where the other pipe
 * interrupted a line. */
function bytesWritten(hub) {
    const [line, ...counts] = /^total (\d+) (\d+)\n/m.exec(hub.logFile("writer").toString());
    let bytes = line.length;
    for (const count of counts)
        for (let i = 1; i <= Number(count); i++) bytes += "out ".length + String(i).length + SAYING.length;
    return bytes;
}

/* It begins when the hub is gone: otherwise it may have ended before, and the next hub starts it again. */
function keptWriter(s, lines) {
    const script = 'while [ ! -e "$0" ]; do sleep 0.02; done; exec "$@"';
    const command = ["sh", "-c", script, beginFile(s), program("writer"), "0", String(lines)];
    return { command, labels: { job_run_id: "1" } };
}

function beginFile(s) {
    return s.path("begin");
}

function mayBegin(s) {
    writeFileSync(beginFile(s), "");
}

function count(sums, record) {
    const gap = /^(\d+) bytes of std(out|err) are missing here/.exec(record.message);
    if (gap) sums.missing += Number(gap[1]);
    else if (record.fields?.event === "exit") sums.exits++;
    else if (record.stream === "system") sums.notes.push(record.message);
    else sums.bytes += Buffer.byteLength(record.message) + (record.unterminated ? 0 : 1);
}

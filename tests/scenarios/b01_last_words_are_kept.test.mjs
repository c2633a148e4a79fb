// SPDX-License-Identifier: MIT
//
// A process writes as fast as it can, begins one more line on each pipe, and dies. Every byte is in
// the plain file and in the stream, and one record says how it ended.

import assert from "node:assert/strict";
import { ledgerOf } from "../lib/ledger.mjs";
import { program, rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";

const LINES = 10_000;
const ROUNDS = rounds(1);

const DEATHS = [
    { way: "exit", status: 7, message: "exited with code 7", fields: { code: 7 } },
    {
        way: "abort",
        status: "SIGABRT",
        message: "killed by signal 6 (SIGABRT)",
        fields: { signal: "SIGABRT" },
    },
    {
        way: "segv",
        status: "SIGSEGV",
        message: "killed by signal 11 (SIGSEGV)",
        fields: { signal: "SIGSEGV" },
    },
    {
        way: "kill",
        status: "SIGKILL",
        message: "killed by signal 9 (SIGKILL)",
        fields: { signal: "SIGKILL" },
    },
];

for (const death of DEATHS)
    scenario(
        `10,000 lines on each pipe, then death by ${death.way}: nothing is lost`,
        async (s) => {
            const hub = await s.hub({ settings: { client_lag: "16MiB" } });
            for (let round = 1; round <= ROUNDS; round++) await dieOnce(s, hub, death, `job-${round}`);
        },
        { timeout: 30_000 + ROUNDS * 5000 },
    );

async function dieOnce(s, hub, death, job) {
    const ws = await s.websocket(hub, { job_run_id: job });
    const command = [program("last_words"), death.way, String(LINES)];
    const run = s.run(hub, ["--name", "hasty", "--job", job, "--quiet"], command);
    assert.equal(await run.end(), death.status, `${run.stderr}`);
    await ws.record((r) => r.fields?.event === "exit");
    checkFile(hub.logFile("hasty").toString("latin1"));
    checkRecords("the stream", ws.records, death);
    assert.deepEqual(ws.notices, []);
    checkRecords("the history", (await hub.history(job)).logs, death);
    ws.close();
}

/* The file holds the bytes of both pipes; a line may be interrupted by the other pipe's end only. */
function checkFile(text) {
    for (const pipe of ["out", "err"]) {
        const numbers = text.split("\n").filter((line) => line.startsWith(`${pipe} `));
        assert.equal(numbers.length, LINES, `lines of ${pipe} in the file`);
        numbers.forEach((line, i) => assert.equal(line, `${pipe} ${i + 1} of many`));
    }
    const ends = text.split("\n").filter((line) => line.startsWith("last"));
    assert.deepEqual(ends.sort(), ["last words on stderr", "last words on stdout"]);
}

function checkRecords(where, records, death) {
    const ledger = ledgerOf(where, records);
    ledger.assertClean();
    assert.equal(ledger.total, 2 * LINES, where);
    for (const stream of ["stdout", "stderr"]) {
        const [last, ...more] = records.filter((r) => r.unterminated && r.stream === stream);
        assert.equal(last?.message, `last words on ${stream}`, where);
        assert.deepEqual(more, [], where);
    }
    const [exit, ...more] = records.filter((r) => r.stream === "system");
    assert.deepEqual(more, [], `${where}: one exit record`);
    assert.equal(exit.message, death.message);
    assert.equal(exit.level, "error");
    assert.equal(exit.id, records.at(-1).id, `${where}: the end comes last`);
    for (const [name, value] of Object.entries({ ...death.fields, event: "exit", core: false }))
        assert.equal(exit.fields[name], value, name);
    assert.equal(records.length, 2 * LINES + 3);
}

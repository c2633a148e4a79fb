// SPDX-License-Identifier: MIT
//
// Nobody else disturbed: while a test misbehaves, a process goes on writing and a client goes on
// reading; afterwards the two agree on every line, and the hub is the same process.

import assert from "node:assert/strict";
import { Ledger } from "./ledger.mjs";
import { program } from "./paths.mjs";
import { until } from "./wait.mjs";

const RATE = 500;
const LINES_AFTER = 100; // both must go on for so many lines after the misbehaviour

export async function undisturbed(s, hub, misbehave) {
    const pid = hub.pid;
    const ledger = new Ledger("the bystander");
    const client = await s.websocket(hub, { source: "bystander" });
    client.onRecord = (record) => ledger.add(record);
    const writer = s.run(hub, ["--name", "bystander", "--quiet"], [program("writer"), String(RATE)]);
    await until("the bystander to begin", () => ledger.total > 0);

    await misbehave();

    const before = ledger.total;
    await until("the bystander to go on", () => ledger.total >= before + LINES_AFTER);
    writer.signal("SIGTERM");
    assert.equal(await writer.end(), 0);
    const [, out, err] = /^total (\d+) (\d+)$/m.exec(hub.logFile("bystander").toString());
    await until("the bystander to see the last line", () => ledger.total === Number(out) + Number(err));
    ledger.assertClean();
    assert.deepEqual(client.notices, []);
    assert.equal(client.connections, 1, "the bystander was never disconnected");
    assert.equal(hub.process.status, null, "the hub lives");
    assert.equal(hub.pid, pid);
}

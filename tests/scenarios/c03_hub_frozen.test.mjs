// SPDX-License-Identifier: MIT
//
// A hub that hangs is worse than one that is dead: its socket still takes connections and bytes. The
// children must not hang with it.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";
import { until } from "../lib/wait.mjs";

scenario("children write on while the hub is frozen; afterwards every line is there once", async (s) => {
    const storm = await new Storm(s, { names: ["one", "two"] }).begin();
    await storm.blow(2000);
    storm.hub.process.signal("SIGSTOP");
    const sizes = () => storm.names.map((name) => storm.hub.logFile(name).length);
    const before = sizes();
    const megabyte = 1_000_000; // more than a pipe and a keeper's memory hold of one second
    await until("the files to grow all the same", () => sizes().every((size, i) => size > before[i] + megabyte));
    storm.hub.process.signal("SIGCONT");
    await storm.blow(10_000);
    await storm.end();
    assert.equal(await storm.hub.metric("gap_bytes_total"), 0);
});

// SPDX-License-Identifier: MIT
//
// Asked to stop, the hub stops its children, delivers what they said to who is not too far behind, says
// goodbye, and forgets nothing. With on_exit: leave the children stay, and the next hub finds them.

import assert from "node:assert/strict";
import { program } from "../lib/paths.mjs";
import { isAlive } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";
import { until } from "../lib/wait.mjs";

for (const signal of ["SIGTERM", "SIGINT"])
    scenario(`${signal} under load: children end, clients get a goodbye, and everything`, async (s) => {
        const storm = await new Storm(s, { rate: 3000 }).begin();
        const [ws] = storm.clients;
        const curl = await s.curl(storm.hub, { job_run_id: "storm" });
        ws.resume = false;
        await storm.blow(3000);

        assert.equal(await storm.hub.stop(signal), 0);
        for (const pid of storm.pids) assert.ok(!isAlive(pid), "a child has ended");
        storm.readTotals();
        await until("the WebSocket to be closed", () => ws.closeCode !== null);
        assert.equal(ws.closeCode, 1001, "going away");
        ws.ledger.assertClean();
        assert.ok([0, 18].includes(await curl.process.end()), "curl saw the end of the stream");

        storm.hub.configure({});
        await storm.hub.start();
        await storm.checkHistory();
        // On a busy machine it may be further behind than a hub that ends waits for.
        ws.resume = true;
        ws.connect();
        for (const client of storm.clients) await storm.checkClient(client);
    });

scenario("on_exit: leave lets children go on, and the next hub takes them over", async (s) => {
    const storm = await new Storm(s, { rate: 3000, settings: { on_exit: "leave" } }).begin();
    for (const signal of ["SIGTERM", "SIGINT"]) {
        await storm.blow(2000);
        await storm.interrupt((hub) => hub.stop(signal));
    }
    await storm.blow(2000);
    await storm.end();
});

scenario("a child that ignores SIGTERM is killed after stop_timeout, with what it left behind", async (s) => {
    const script = 'trap "" TERM; (trap "" TERM; sleep 60) & echo pids $$ $!; while :; do sleep 0.05; done';
    const hub = await s.hub({
        settings: { stop_timeout: "200ms" },
        processes: { stubborn: { command: ["sh", "-c", script], labels: { job_run_id: "1" } } },
    });
    const ws = await s.websocket(hub, { job_run_id: "1", after: "0" });
    const [, ...pids] = /pids (\d+) (\d+)/.exec((await ws.record((r) => r.message.startsWith("pids"))).message);
    assert.equal(await hub.stop("SIGTERM"), 0);
    const end = await ws.record("killed by signal 9 (SIGKILL)");
    assert.equal(end.level, "info", "it was asked to end: no failure");
    for (const pid of pids) await until(`${pid} to be gone`, () => !isAlive(Number(pid)));
});

scenario("asked twice, the hub stops at once and leaves stubborn children to their keepers", async (s) => {
    const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
    const hub = await s.hub({
        settings: { stop_timeout: "2s" },
        processes: { stubborn: { command: ["sh", "-c", script] } },
    });
    const ws = await s.websocket(hub, { source: "stubborn", after: "0" });
    await ws.record("ready");
    const { pid } = await hub.processIn("stubborn", "running");
    hub.process.signal("SIGTERM");
    await hub.process.says(/stopping/);
    assert.equal(await hub.stop("SIGTERM", 1000), 0);
    assert.ok(isAlive(pid));
    await until("the keeper to end what it was asked to end", () => !isAlive(pid));
});

scenario("a run by hand is nobody's child: it outlives the hub that saw it", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub, { source: "mine" }, { resume: true });
    const run = s.run(hub, ["--name", "mine", "--quiet"], [program("writer"), "500"]);
    await until("lines", () => ws.count > 50);
    await hub.stop();
    assert.equal(run.status, null);
    await hub.start();
    const before = ws.count;
    await until("more lines", () => ws.count > before + 50);
    run.signal("SIGTERM");
    assert.equal(await run.end(), 0);
    await ws.record("exited with code 0");
    assert.deepEqual(ws.notices, []);
});

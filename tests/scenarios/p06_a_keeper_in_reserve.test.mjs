// SPDX-License-Identifier: MIT
//
// Where restarts are to be expected one keeper waits for the next of them. It is a keeper like any other
// then, and goes when the hub goes, however that ends.

import assert from "node:assert/strict";
import { childrenOf, commandOf, isAlive } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const script = 'echo "$PWD $X $LOGMILL_RUN"; exec sleep 1000';

function hubWithReserve(s) {
    const web = { command: ["sh", "-c", script], restart: "always", restart_delay: "0ms", directory: s.folder("place"), env: { X: "two words" } };
    return s.hub({ processes: { web } });
}

const spares = (hub) => childrenOf(hub.pid).filter((pid) => commandOf(pid).includes("--spare"));

function reserve(hub, but = []) {
    return until("a keeper in reserve", () => spares(hub).find((pid) => !but.includes(pid)));
}

/** The life of web after a kill of the one before. */
async function nextLife(hub) {
    const before = await hub.processIn("web", "running");
    process.kill(before.pid, "SIGKILL");
    return until("the next life", async () => {
        const now = (await hub.processes()).web;
        return now.state === "running" && now.run !== before.run && now;
    });
}

scenario("a restart takes the keeper in reserve, and another one takes its place", async (s) => {
    const hub = await hubWithReserve(s);
    await hub.processIn("web", "running");
    const taken = [];
    for (let i = 0; i < 3; i++) {
        taken.push(await reserve(hub, taken));
        const life = await nextLife(hub);
        assert.equal(life.keeper_pid, taken.at(-1));
        const line = `${s.path("place")} two words ${life.run}\n`;
        await until("its line", () => hub.logFile("web").toString() === line);
    }
    const killed = await reserve(hub, taken);
    process.kill(killed, "SIGKILL"); // then it is done without
    await until("its end to be known", () => !childrenOf(hub.pid).includes(killed));
    const life = await nextLife(hub);
    assert.ok(!taken.includes(life.keeper_pid));
    assert.equal((await hub.processes()).web.restarts, 4);
});

scenario("it ends with the hub, and none stays behind after an upgrade", async (s) => {
    const hub = await hubWithReserve(s);
    const { keeper_pid: keeper } = await hub.processIn("web", "running");
    const first = await reserve(hub);
    const r = s.logmill(["upgrade", "--socket", hub.socket]);
    assert.equal(await r.end(20_000), 0, r.stderr);
    const second = await reserve(hub, [first]);
    await until("the first to be gone", () => !childrenOf(hub.pid).includes(first));
    assert.deepEqual(childrenOf(hub.pid).sort(), [keeper, second].sort());
    const life = await nextLife(hub);
    assert.equal(life.keeper_pid, second);
    const third = await reserve(hub, [second]);
    await hub.kill();
    await until("it to end", () => !commandOf(third));
    assert.ok(isAlive(life.pid));
});

// SPDX-License-Identifier: MIT
//
// A running hub takes over another configuration, or becomes another program, and nobody notices but
// those it concerns.

import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program, rounds } from "../lib/paths.mjs";
import { isAlive, statusOf } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { Storm } from "../lib/storm.mjs";
import { until } from "../lib/wait.mjs";

const sleeper = (text) => ({ command: ["sh", "-c", `echo ${text}; exec sleep 1000`] });

async function cli(s, hub, ...args) {
    const p = s.logmill([args[0], "--socket", hub.socket, ...args.slice(1)]);
    const status = await p.end(20_000);
    return { status, stdout: p.stdout, stderr: p.stderr };
}

scenario("a reload touches only what changed", async (s) => {
    const hub = await s.hub({ processes: { same: sleeper("a"), changed: sleeper("b"), gone: sleeper("c") } });
    const before = {};
    for (const name of ["same", "changed", "gone"]) before[name] = await hub.processIn(name, "running");
    hub.configure({
        client_lag: "1MiB",
        processes: {
            same: { ...sleeper("a"), restart: "always" },
            changed: sleeper("b2"),
            fresh: { ...sleeper("d"), depends_on: "same" },
        },
    });
    const r = await cli(s, hub, "reload");
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stdout, /^processes: 1 started, 1 started anew, 1 stopped, 1 as before; .*from the next start on: client_lag\n$/);
    await hub.processIn("fresh", "running");
    await hub.processIn("gone", "exited");
    await until("another life of what changed", async () => {
        const { changed } = await hub.processes();
        return changed.state === "running" && changed.pid !== before.changed.pid;
    });
    const after = await hub.processes();
    assert.equal(after.same.pid, before.same.pid);
    assert.equal(after.gone.configured, false);
    process.kill(after.same.pid, "SIGKILL"); // the new policy holds for the old life
    await until("its restart", async () => (await hub.processes()).same.restarts === 1);

    hub.configure({ processes: { same: { comand: "x" } } });
    const bad = await cli(s, hub, "reload");
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /logmill\.yaml:4:\d+: unknown key 'comand' of process 'same'.*the old configuration holds/);
    hub.process.signal("SIGHUP");
    await hub.process.says(/SIGHUP: .*unknown key 'comand'.*the old configuration holds/);
    await hub.processIn("same", "running");
});

scenario("a reload changes the files that are followed, and each line still comes once", async (s) => {
    const dir = s.folder("logs-of-others");
    const add = (name, text) => appendFileSync(join(dir, name), text);
    const entry = (pattern, source) => ({ path: join(dir, pattern), source });
    const hub = await s.hub({ settings: { files: [entry("*.log", "one")] } });
    const messages = async (source) => (await hub.get("/api/v1/logs", { order: "asc", source })).json.logs.map((r) => r.message);
    const reload = async (...files) => {
        hub.configure({ files });
        const r = await cli(s, hub, "reload");
        assert.equal(r.status, 0, r.stderr);
        return r.stdout;
    };
    add("a.log", "a1\n");
    add("b.txt", "b1\n");
    await until("the first line", async () => (await messages("one")).length === 1);
    assert.match(await reload(entry("*.log", "two"), entry("*.txt", "texts")), /files: changed/);
    add("a.log", "a2\n");
    await until("a line of the new entry", async () => (await messages("texts")).length === 1);
    await until("a line under the new name", async () => (await messages("two")).length === 1);
    assert.match(await reload(entry("*.txt", "texts")), /files: changed/);
    add("a.log", "a3\n");
    add("b.txt", "b2\n");
    await until("its second line", async () => (await messages("texts")).length === 2);
    assert.match(await reload(entry("*.txt", "texts")), /files: as before/);
    await reload(entry("*.txt", "texts"), entry("*.log", "two"));
    await until("what was written meanwhile", async () => (await messages("two")).length === 2);
    assert.deepEqual([await messages("one"), await messages("two"), await messages("texts")], [["a1"], ["a2", "a3"], ["b1", "b2"]]);
    const gone = join(dir, "[z].log");
    hub.configure({ files: [{ path: gone, levels: [{ match: "/(/", level: "info" }] }] });
    const bad = await cli(s, hub, "reload");
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /is not a regular expression.*the old configuration holds/);
    add("b.txt", "b3\n");
    await until("that nothing has changed", async () => (await messages("texts")).length === 3);
});

scenario("files and runs of an earlier hub have their cards", async (s) => {
    const hub = await s.hub({ processes: { old: { command: "echo gone" }, lasting: sleeper("x") }, settings: { on_exit: "leave" } });
    await hub.processIn("old", "exited");
    const { pid } = await hub.processIn("lasting", "running");
    await hub.stop();
    hub.configure({});
    await hub.start();
    const { old } = await hub.processes();
    assert.deepEqual([old.state, old.log_file, old.configured, old.pid], ["exited", join(hub.logDir, "old.log"), false, null]);
    assert.match(old.reason, /its file is left/);
    const lasting = await hub.processIn("lasting", "running");
    assert.equal(lasting.pid, pid);
    assert.equal((await cli(s, hub, "stop", "lasting")).status, 0);
    assert.ok(!isAlive(pid));
});

scenario("upgrades under load lose no line and refuse no connection", async (s) => {
    const storm = await new Storm(s, { rate: 3000 }).begin();
    const { hub } = storm;
    const pid = hub.pid;
    let refused = 0, asked = 0, going = true;
    const knocking = (async () => {
        while (going) {
            asked++;
            await hub.get("/healthz").catch((error) => (refused += error.code === "ECONNREFUSED"));
        }
    })();
    for (let i = 0; i < rounds(3); i++) {
        await storm.blow(1000);
        const r = await cli(s, hub, "upgrade");
        assert.deepEqual([r.status, r.stdout], [0, "the new program takes over\nthe hub is ready\n"], r.stderr);
    }
    await storm.blow(1000);
    going = false;
    await knocking;
    assert.ok(asked > 10);
    assert.equal(refused, 0, "connections refused");
    assert.equal(hub.pid, pid);
    assert.equal(hub.process.status, null);
    for (const child of storm.pids) assert.ok(isAlive(child));
    const keepers = hub.keeperPids();
    await storm.end();
    for (const keeper of keepers) await until("no zombie", () => !isAlive(keeper) || statusOf(keeper, "PPid") !== pid);
});

scenario("what had ended, or was stopped, does not begin again with an upgrade", async (s) => {
    const said = join(s.dir, "said");
    const hub = await s.hub({
        processes: {
            once: { command: ["sh", "-c", `echo once >> ${said}`], restart: "never" },
            broken: { command: ["sh", "-c", `echo broken >> ${said}; exit 3`], restart: "never" },
            web: { ...sleeper("x"), depends_on: ["once"] },
            idle: { command: ["sh", "-c", `echo idle >> ${said}; exec sleep 1000`] },
        },
    });
    const once = await hub.processIn("once", "exited");
    await hub.processIn("broken", "disconnected");
    await hub.processIn("idle", "running");
    const { pid } = await hub.processIn("web", "running");
    assert.equal((await cli(s, hub, "stop", "idle")).status, 0);
    await hub.processIn("idle", "exited");
    assert.equal((await cli(s, hub, "upgrade")).status, 0);
    const again = await hub.processIn("once", "exited");
    assert.equal(again.exit.ended_at, once.exit.ended_at);
    assert.equal((await hub.processIn("broken", "disconnected")).exit.code, 3);
    await hub.processIn("idle", "exited");
    assert.equal((await hub.processIn("web", "running")).pid, pid);
    assert.equal((await cli(s, hub, "restart", "web")).status, 0, "what it needs is still done");
    await until("another life", async () => (await hub.processIn("web", "running")).pid !== pid);
    assert.deepEqual(readFileSync(said, "utf8").trim().split("\n").sort(), ["broken", "idle", "once"]);
    assert.equal((await cli(s, hub, "start", "idle")).status, 0);
    await hub.processIn("idle", "running");
});

scenario("a program that does not take the configuration takes nothing over", async (s) => {
    const hub = await s.hub({ processes: { web: sleeper("x") } });
    const { pid } = await hub.processIn("web", "running");
    writeFileSync(hub.config, "lissten: none\n");
    const r = await cli(s, hub, "upgrade");
    assert.equal(r.status, 1);
    assert.match(r.stderr, /the new program refuses: .*unknown setting 'lissten'.*the old one goes on/);
    assert.equal((await hub.processIn("web", "running")).pid, pid);
    assert.match(readFileSync(join(hub.stateDir, "lock"), "utf8"), new RegExp(`^${hub.pid}\n`));
    hub.process.signal("SIGUSR2");
    await hub.process.says(/No upgrade, the old program goes on: .*lissten/);
});

scenario("the program that was installed meanwhile is the one that runs", async (s) => {
    const hub = await s.hub();
    assert.ok(program("writer"));
    hub.process.signal("SIGUSR2");
    await hub.process.says(/The new program takes over[\s\S]*Open http/);
    assert.equal((await hub.ask("/readyz")).status, 200);
});

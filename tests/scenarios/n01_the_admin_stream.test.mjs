// SPDX-License-Identifier: MIT
//
// The stream of the process cards: lines with a limit of their own, states, commands, and what is on
// record of them.

import assert from "node:assert/strict";
import WebSocket from "ws";
import { scenario } from "../lib/scenario.mjs";
import { base64url, bearer, makeToken } from "../lib/tokens.mjs";
import { until } from "../lib/wait.mjs";

const boss = makeToken("boss", "admin");
const reader = makeToken("reader", "read");
const settings = { auth: { loopback: "read", tokens: [boss.conf, reader.conf] } };
const shell = (script) => ({ command: ["sh", "-c", script] });

/** A client of the admin stream, as a page with a token would be one. */
class Cards {
    lines = [];
    statuses = [];
    others = [];

    constructor(hub, params = "", token = boss.token) {
        this.socket = new WebSocket(`ws://127.0.0.1:${hub.port}/api/v1/admin/ws${params}`, token ? ["logmill.admin", `bearer.${base64url(token)}`] : []);
        this.socket.on("message", (text) => {
            const message = JSON.parse(text);
            if (message.type === "log_stream") this.lines.push(message.data);
            else if (message.type === "process_status") this.statuses.push(message.data);
            else this.others.push(message);
        });
        this.socket.on("unexpected-response", (_, res) => (this.refused = res.statusCode));
        this.socket.on("open", () => (this.open = true));
        this.socket.on("error", () => {});
    }

    close() {
        this.socket.terminate();
    }

    async ready() {
        await until("the admin stream to open", () => this.open);
        return this;
    }

    of(name) {
        return this.lines.filter((line) => line.process_id === name);
    }

    /** Sends a command and resolves with its answer. */
    async ask(command) {
        const id = Math.random();
        this.socket.send(JSON.stringify({ ...command, id }));
        return until(`an answer to ${JSON.stringify(command)}`, () => this.others.find((m) => m.data?.id === id));
    }

    status(name) {
        return this.statuses.filter((s) => s.name === name).at(-1);
    }

    becomes(name, state) {
        return until(
            () => `${name} to be ${state}: ${JSON.stringify(this.statuses.map((s) => [s.name, s.state]))}`,
            () => this.status(name)?.state === state && this.status(name),
        );
    }
}

async function cards(s, hub, ...rest) {
    const c = new Cards(hub, ...rest);
    s.clients.push(c);
    return c.ready();
}

scenario("a new page starts empty, knows every state, and sees what comes", async (s) => {
    const hub = await s.hub({
        settings,
        processes: {
            game: shell("echo before; exec sleep 60"),
        },
    });
    await hub.processIn("game", "running");
    const page = await cards(s, hub);
    const status = await page.becomes("game", "running");
    assert.equal(page.socket.protocol, "logmill.admin");
    assert.ok(status.pid > 0 && status.log_file.endsWith("/game.log"));
    assert.deepEqual([status.restarts, status.suppressed, typeof status.started_at], [0, 0, "string"]);
    assert.equal(page.lines.length, 0, "what was before is not shown");
});

scenario("lines have the four levels, seconds, and a limit a second that is counted", async (s) => {
    const script = 'echo "WARNING: hot"; echo "DEBUG: hidden"; echo oops >&2; i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done';
    const hub = await s.hub({ settings: { ...settings, admin_stream: { rate_limit: 50 } }, processes: { noisy: shell("sleep 0"), other: shell("sleep 0") } });
    const page = await cards(s, hub);
    await page.becomes("noisy", "exited");
    await s.run(hub, ["--name", "noisy"], ["sh", "-c", script]).end();
    await s.run(hub, ["--name", "other"], ["sh", "-c", "echo quiet"]).end();
    await until("the line of the quiet one", () => page.of("other").some((l) => l.message === "quiet"));
    await until("the count of what was left out", () => page.status("noisy")?.suppressed > 0);
    const noisy = page.of("noisy");
    assert.ok(noisy.length >= 50 && noisy.length <= 100, `${noisy.length} lines`);
    assert.deepEqual(noisy.map((l) => l.level).slice(0, 2).sort().at(-1), "WARNING");
    assert.ok(noisy.some((l) => l.level === "ERROR" && l.message === "oops") || noisy.length === 50);
    assert.ok(!noisy.some((l) => l.message.includes("hidden")));
    for (const line of noisy) {
        assert.deepEqual(Object.keys(line).sort(), ["id", "level", "message", "process_id", "source", "timestamp"]);
        assert.ok(Math.abs(line.timestamp - Date.now() / 1000) < 60);
        assert.equal(line.source, "noisy");
    }
    // All of it is in the store: 502 lines of output and how it ended; debug among them.
    await until("the end of the run", async () => {
        const all = await hub.get("/api/v1/logs", { source: "noisy", q: "-event:exit", limit: 0 }, bearer(boss.token));
        return all.json.pagination.total >= 503;
    });
    await until("all of the rest counted", () => page.status("noisy").suppressed + page.of("noisy").length >= 503);
});

scenario("debug is switched for one process or for all, by a command", async (s) => {
    const hub = await s.hub({ settings, processes: { a: shell("sleep 0"), b: shell("sleep 0") } });
    const page = await cards(s, hub);
    await page.becomes("a", "exited");
    await page.becomes("b", "exited");
    const speak = async (word) => {
        for (const name of ["a", "b"])
            await s.run(hub, ["--name", name], ["sh", "-c", `echo "DEBUG: ${word} ${name}"; echo end ${word} ${name}`]).end();
        for (const name of ["a", "b"])
            await until(`the end of ${word} ${name}`, () => page.of(name).some((l) => l.message === `end ${word} ${name}`));
    };
    const debugs = () => page.lines.filter((l) => l.level === "DEBUG").map((l) => l.message);
    await speak("one");
    assert.deepEqual(debugs(), []);
    assert.equal((await page.ask({ type: "debug", on: true, name: "a" })).type, "result");
    await speak("two");
    assert.deepEqual(debugs(), ["DEBUG: two a"]);
    await page.ask({ type: "debug", on: true });
    await speak("three");
    assert.deepEqual(debugs().slice(1), ["DEBUG: three a", "DEBUG: three b"]);
    assert.equal((await page.ask({ type: "debug", on: true, name: "nobody" })).data.code, "unknown_process");
});

scenario("commands start, stop, restart and signal; who did it is on record", async (s) => {
    const hub = await s.hub({
        settings,
        processes: { game: shell("trap 'echo got usr1' USR1; echo up; while :; do sleep 0.05; done") },
    });
    await hub.processIn("game", "running");
    const page = await cards(s, hub);
    const first = await page.becomes("game", "running");
    assert.equal((await page.ask({ type: "signal", name: "game", signal: "USR1" })).type, "result");
    await until("the trap", () => page.of("game").some((l) => l.message === "got usr1"));
    assert.deepEqual((await page.ask({ type: "stop", name: "game" })).data.command, "stop");
    const down = await page.becomes("game", "exited");
    assert.ok(down.exit);
    await page.ask({ type: "start", name: "game" });
    const again = await page.becomes("game", "running");
    assert.notEqual(again.pid, first.pid);
    await page.ask({ type: "restart", name: "game" });
    await until("another pid", () => page.status("game").state === "running" && page.status("game").pid !== again.pid);
    for (const wrong of [{ type: "stop", name: "nobody" }, { type: "stop" }, { type: "fly", name: "game" }, [1]])
        assert.equal((await page.ask(Array.isArray(wrong) ? { type: wrong } : wrong)).type, "error");
    page.socket.send("not json");
    await until("an answer to nonsense", () => page.others.some((m) => m.type === "error" && m.data.id === undefined));
    assert.equal((await hub.get("/api/v1/processes/game/stop", {}, { method: "POST", ...bearer(boss.token) })).status, 202);

    const audit = await hub.get("/api/v1/logs", { q: "event:audit", order: "asc", limit: 100 }, bearer(boss.token));
    const said = audit.json.logs.map(({ fields: f }) => [f.who, f.action, f.object]);
    for (const action of ["signal", "stop", "start", "restart"])
        assert.ok(said.some(([who, what, object]) => who === "token boss" && what === action && object === "game"), action);
    const refused = audit.json.logs.find((r) => r.fields.object === "nobody");
    assert.equal(refused.level, "warn");
    assert.equal(refused.stream, "system");
    assert.match(refused.fields.from, /^127\.0\.0\.1:\d+$/);
});

scenario("who comes back gets what it missed, at most 100 lines of each process", async (s) => {
    const hub = await s.hub({ settings, processes: { a: shell("sleep 0"), b: shell("sleep 0") } });
    const page = await cards(s, hub);
    await page.becomes("a", "exited");
    await page.becomes("b", "exited");
    await s.run(hub, ["--name", "a"], ["sh", "-c", "echo seen"]).end();
    await until("the line", () => page.of("a").some((l) => l.message === "seen"));
    const last = page.lines.at(-1).id;
    page.close();
    await s.run(hub, ["--name", "a"], ["sh", "-c", "seq 1 300"]).end();
    await s.run(hub, ["--name", "b"], ["sh", "-c", "echo 'one of b'"]).end();
    await until("all of it in the store", async () => {
        const all = await hub.get("/api/v1/logs", { q: "-event:exit source:b", limit: 0 }, bearer(boss.token));
        return all.json.pagination.total >= 1;
    });
    const back = await cards(s, hub, `?after=${last}`);
    await until("what was missed", () => back.of("b").some((l) => l.message === "one of b"));
    await until("what was missed", () => back.of("a").length >= 100);
    assert.equal(back.of("a").length, 100);
    const ids = back.lines.map((l) => l.id);
    assert.deepEqual(ids, [...ids].sort((x, y) => x - y), "oldest first");
    assert.ok(back.of("a").some((l) => l.message === "300") && !back.of("a").some((l) => l.message === "100"));
    await s.run(hub, ["--name", "b"], ["sh", "-c", "echo live again"]).end();
    await until("live lines", () => back.of("b").some((l) => l.message === "live again"));
    assert.equal(new Set(back.lines.map((l) => l.id)).size, back.lines.length, "none twice");
});

scenario("it is for administrators only, and the hub's own lines have its name", async (s) => {
    const hub = await s.hub({ settings: { ...settings, hub_name: "dashboard" } });
    for (const [token, status] of [
        [null, 401],
        [reader.token, 403],
        ["wrong", 401],
    ]) {
        const c = new Cards(hub, "", token);
        await until("a refusal", () => c.refused);
        assert.equal(c.refused, status);
    }
    const page = await cards(s, hub);
    hub.process.signal("SIGHUP");
    await until("a line of the hub", () => page.of("dashboard").some((l) => /SIGHUP/.test(l.message)));
    assert.equal(page.of("dashboard")[0].source, "dashboard");
    await hub.stop();
    await until("the goodbye", () => page.socket.readyState === WebSocket.CLOSED);
});

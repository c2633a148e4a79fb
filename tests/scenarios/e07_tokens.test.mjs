// SPDX-License-Identifier: MIT
//
// Bearer tokens: what each scope may do, how a token travels, and that a limited one sees nothing else
// on any way in or out.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { request } from "../lib/http.mjs";
import { scenario } from "../lib/scenario.mjs";
import { base64url, bearer, makeToken } from "../lib/tokens.mjs";
import { until } from "../lib/wait.mjs";

const reader = makeToken("reader", "read");
const sender = makeToken("sender", "write");
const boss = makeToken("boss", "admin");
const c1 = makeToken("c1-reader", "read", { campaign_id: "c1" });
const c1Sender = makeToken("c1-sender", "write", { campaign_id: "c1", team: "blue" });
const c1Boss = makeToken("c1-boss", "admin", { campaign_id: "c1" });
const blueBoss = makeToken("blue-boss", "admin", { team: "blue" });
const tokens = [reader, sender, boss, c1, c1Sender].map(({ conf }) => conf);
const closed = { auth: { loopback: "none", tokens } };

const push = (hub, records, options = {}) =>
    hub.get("/api/v1/logs", {}, { method: "POST", body: JSON.stringify(records), ...options });
const messages = (answer) => answer.json.logs.map(({ message }) => message);

scenario("a token may do what its scope says, and an answer says what is missing", async (s) => {
    const hub = await s.hub({ settings: closed });
    const status = async (path, token, options = {}) =>
        (await hub.get(path, {}, { ...options, ...(token && bearer(token.token)) })).status;

    assert.equal(await status("/api/v1/logs"), 401);
    const nothing = await hub.get("/api/v1/logs");
    assert.equal(nothing.headers["www-authenticate"], 'Bearer realm="logmill"');
    assert.match(nothing.json.error.message, /logmill token create/);

    assert.equal(await status("/api/v1/logs", reader), 200);
    assert.equal(await status("/api/v1/processes", reader), 403);
    const refused = await hub.get("/api/v1/processes", {}, bearer(reader.token));
    assert.equal(refused.json.error.code, "insufficient_scope");
    assert.match(refused.json.error.message, /needs the scope "admin", and the token "reader" has "read"/);
    assert.equal(await status("/api/v1/logs", reader, { method: "POST", body: '{"message":"x"}' }), 403);
    assert.equal((await push(hub, { message: "by sender" }, bearer(sender.token))).status, 200);
    assert.equal(await status("/api/v1/processes", sender), 403);
    assert.equal(await status("/api/v1/processes", boss), 200);
    assert.equal(await status("/api/v1/logs", { token: "lmt_" + "0".repeat(48) }), 401);
    assert.deepEqual((await hub.get("/api/v1/session", {}, bearer(c1.token))).json, {
        scope: "read",
        session: false,
        token: "c1-reader",
        labels: { campaign_id: "c1" },
    });
});

scenario("a limited token sees its own records only, in history and live", async (s) => {
    const hub = await s.hub({ settings: closed });
    const live = await s.websocket(hub, {}, bearer(c1.token));
    const sse = await s.curl(hub, {}, { headers: { Authorization: `Bearer ${c1.token}` } });
    const sent = await push(
        hub,
        [
            { message: "of c1", campaign_id: "c1" },
            { message: "of c2", campaign_id: "c2" },
            { message: "of nobody" },
            { message: "of c1 again", campaign_id: "c1" },
        ],
        bearer(sender.token),
    );
    assert.equal(sent.json.accepted, 4);
    for (const client of [live, sse]) {
        await until("both records", () => client.records.length >= 2);
        assert.deepEqual(
            client.records.map(({ message }) => message),
            ["of c1", "of c1 again"],
        );
    }
    const all = await hub.get("/api/v1/logs", { order: "asc" }, bearer(c1.token));
    assert.deepEqual(messages(all), ["of c1", "of c1 again"]);
    assert.equal(all.json.pagination.total, 2);
    for (const q of ["campaign_id:c2", "-campaign_id:c1", "campaign_id:c1 OR campaign_id:c2", "of"])
        for (const { campaign_id } of (await hub.get("/api/v1/logs", { q }, bearer(c1.token))).json.logs)
            assert.equal(campaign_id, "c1", q);
    const other = (await hub.get("/api/v1/logs", { q: "campaign_id:c2" }, bearer(reader.token))).json.logs[0];
    assert.equal(other.message, "of c2");
    assert.equal((await hub.get(`/api/v1/logs/${other.id}`, {}, bearer(c1.token))).status, 404);
    for (const path of ["/metrics", "/api/v1/logs/stream/status"]) {
        const answer = await hub.get(path, {}, bearer(c1.token));
        assert.equal(answer.status, 403, path);
        assert.equal(answer.json.error.code, "token_is_limited");
    }
});

scenario("the key of a batch is a limited token's own: it hides nothing of others, and nobody's answer is told", async (s) => {
    const hub = await s.hub({ settings: closed });
    const send = (who, ...records) => push(hub, records, { method: "POST", headers: { ...bearer(who.token).headers, "X-Logmill-Batch": "k" } });
    assert.equal((await send(c1Sender, { message: "first" })).json.accepted, 1);
    assert.equal((await send(sender, { message: "others" }, { message: "others" })).json.accepted, 2);
    assert.equal((await send(c1Sender, { message: "first" })).json.accepted, 1);
    assert.equal((await send(sender, { message: "others" }, { message: "others" })).json.accepted, 2);
    const all = await hub.get("/api/v1/logs", { order: "asc", source: "http" }, bearer(boss.token));
    assert.deepEqual(messages(all), ["first", "others", "others"]);
});

scenario("the sid of another's Socket.IO session is no way around the limit", async (s) => {
    const hub = await s.hub({ settings: closed });
    const path = "/socket.io/";
    const query = { EIO: 4, transport: "polling" };
    for (const [opener, status] of [
        [reader, 400],
        [c1, 200],
    ]) {
        const { sid } = JSON.parse((await hub.get(path, query, bearer(opener.token))).text.slice(1));
        assert.equal((await hub.get(path, { ...query, sid }, { method: "POST", body: "40", ...bearer(opener.token) })).status, 200);
        await push(hub, [{ message: "of c2", campaign_id: "c2" }, { message: "of c1", campaign_id: "c1" }], bearer(sender.token));
        const asked = await hub.get(path, { ...query, sid }, bearer(c1.token));
        assert.equal(asked.status, status, asked.text);
        assert.ok(!asked.text.includes("of c2"));
    }
});

scenario("an administrator limited to labels clears its own records, and no files", async (s) => {
    const hub = await s.hub({ settings: { auth: { loopback: "none", tokens: [sender, boss, c1Boss, blueBoss].map(({ conf }) => conf) } } });
    await s.run(hub, ["--name", "old"], ["echo", "everybody's"]).end();
    await hub.processIn("old", "exited");
    const mixed = ["c1", "c2"].flatMap((campaign_id) => ["blue", "red"].map((team) => ({ message: "x", source: "old", campaign_id, team })));
    await push(hub, mixed, bearer(sender.token));
    const clear = (who, params) => hub.get("/api/v1/logs", params, { method: "DELETE", ...bearer(who.token) });
    for (const [who, params] of [
        [c1Boss, { source: "old", files: 1 }],
        [blueBoss, { source: "old" }],
    ]) {
        const answer = await clear(who, params);
        assert.equal(answer.status, 403, answer.text);
        assert.equal(answer.json.error.code, "token_is_limited");
    }
    assert.ok(existsSync(join(hub.logDir, "old.log")));
    assert.deepEqual((await clear(c1Boss, { source: "old" })).json, { deleted: 2, files: 0 });
    const { logs } = (await hub.get("/api/v1/logs", { source: "old" }, bearer(boss.token))).json;
    assert.deepEqual(logs.filter(({ message }) => message === "x").map(({ campaign_id }) => campaign_id), ["c2", "c2"]);
});

scenario("what a limited token sends gets its labels, and nothing else is taken", async (s) => {
    const hub = await s.hub({ settings: closed });
    const answer = await push(
        hub,
        [
            { message: "without" },
            { message: "with", campaign_id: "c1", labels: { team: "blue" } },
            { message: "foreign", campaign_id: "c2" },
            { message: "twice", campaign_id: "c1", labels: { campaign_id: "c2" } },
            { message: "other team", labels: { team: "red" } },
        ],
        bearer(c1Sender.token),
    );
    assert.equal(answer.json.accepted, 2);
    assert.deepEqual(
        answer.json.rejected.map(({ index }) => index),
        [2, 3, 4],
    );
    assert.match(answer.json.rejected[0].reason, /limited to/);
    const { logs } = (await hub.get("/api/v1/logs", { search: "with" }, bearer(boss.token))).json;
    assert.equal(logs.length, 2);
    for (const record of logs) assert.deepEqual([record.campaign_id, record.team], ["c1", "blue"]);
});

/** The status of a WebSocket handshake, or "open" and the subprotocol that was chosen. */
function handshake(hub, path, protocols, options) {
    return new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${hub.port}${path}`, protocols, options);
        socket.on("unexpected-response", (_, res) => resolve(res.statusCode));
        socket.on("open", () => {
            resolve(`open ${socket.protocol}`);
            socket.terminate();
        });
        socket.on("error", () => {});
    });
}

scenario("a browser's WebSocket carries the token as an offer that is never echoed", async (s) => {
    const hub = await s.hub({ settings: closed });
    const path = "/api/v1/logs/stream/ws";
    assert.equal(await handshake(hub, path, ["logmill.plain"]), 401);
    assert.equal(await handshake(hub, path, ["logmill.plain", `bearer.${reader.token}`]), "open logmill.plain");
    assert.equal(
        await handshake(hub, path, ["logmill.plain", `bearer.${base64url(reader.token)}`]),
        "open logmill.plain",
    );
    assert.equal(await handshake(hub, path, ["logmill.plain", "bearer.wrong"]), 401);
});

scenario("an EventSource comes with a ticket and comes back with it", async (s) => {
    const hub = await s.hub({ settings: closed });
    const made = await hub.get("/api/v1/tickets", {}, { method: "POST", ...bearer(c1.token) });
    assert.equal(made.status, 201);
    assert.equal(made.json.expires_in, 30);
    const { ticket } = made.json;
    const source = await s.eventSource(hub, { ticket });
    await push(hub, [{ message: "one", campaign_id: "c1" }, { message: "not mine" }], bearer(sender.token));
    await until("the record", () => source.records.length === 1);
    source.close();
    const again = await s.eventSource(hub, { ticket, tail: 5 });
    await until("the record again", () => again.records.length === 1);
    assert.equal((await hub.get("/api/v1/logs", { ticket })).status, 401, "for one path only");
    assert.equal(
        (await hub.get("/api/v1/logs/stream/sse", { ticket }, { method: "POST" })).status,
        401,
        "for reading only",
    );
    const told = await hub.get("/api/v1/tickets", {}, {
        method: "POST",
        body: '{"path":"/api/v1/logs/stream/ws"}',
        ...bearer(reader.token),
    });
    assert.equal((await hub.get("/api/v1/logs/stream/sse", { ticket: told.json.ticket })).status, 401);
    assert.equal(
        await handshake(hub, `/api/v1/logs/stream/ws?ticket=${told.json.ticket}`, ["logmill.plain"]),
        "open logmill.plain",
    );
    const all = await hub.get("/api/v1/logs", { limit: 1000 }, bearer(boss.token));
    for (const secret of [ticket, told.json.ticket, c1.token, reader.token, sender.token])
        assert.ok(!all.text.includes(secret) && !hub.process.stderr.includes(secret), "no secret is logged");
});

scenario("a token becomes the cookie of a session, until it is ended", async (s) => {
    const hub = await s.hub({ settings: closed });
    const begun = await hub.get("/api/v1/session", {}, { method: "POST", ...bearer(c1.token) });
    assert.equal(begun.status, 200);
    const [set] = begun.headers["set-cookie"];
    assert.match(set, /; HttpOnly; SameSite=Strict$/);
    const cookie = { headers: { cookie: set.split(";")[0] } };
    const mine = (await hub.get("/api/v1/session", {}, cookie)).json;
    assert.deepEqual([mine.token, mine.session], ["c1-reader", true]);
    assert.equal((await hub.get("/api/v1/logs", {}, cookie)).status, 200);
    assert.equal((await hub.get("/metrics", {}, cookie)).status, 403);
    const ended = await hub.get("/api/v1/session", {}, { method: "DELETE", ...cookie });
    assert.equal(ended.status, 204);
    assert.match(ended.headers["set-cookie"][0], /Max-Age=0/);
    assert.equal((await hub.get("/api/v1/logs", {}, cookie)).status, 401);
    assert.equal((await hub.get("/api/v1/session", {}, { method: "POST" })).status, 401);
});

scenario("wrong tokens are throttled; who has the right one is let in all the same", async (s) => {
    const hub = await s.hub({ settings: closed });
    for (let i = 0; i < 10; i++) assert.equal((await hub.get("/api/v1/logs", {}, bearer(`no${i}`))).status, 401);
    const late = await hub.get("/api/v1/logs", {}, bearer("no"));
    assert.equal(late.status, 429);
    assert.ok(Number(late.headers["retry-after"]) > 0);
    const own = await hub.get("/api/v1/logs", { search: "wrong token" }, bearer(boss.token));
    assert.equal(own.status, 200);
    assert.equal(own.json.pagination.total, 2, "the first and the last are on record");
});

const outside = Object.values(networkInterfaces())
    .flat()
    .find((i) => !i.internal && i.family === "IPv4")?.address;

scenario("other machines are let in only when there are tokens, and only with one", async (s, t) => {
    const refused = s.logmill([
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--state-dir",
        s.path("state"),
        "--socket",
        s.path("hub.sock"),
    ]);
    assert.equal(await refused.end(), 1);
    assert.match(refused.stderr, /0\.0\.0\.0:0 can be reached from other machines, and no token is configured/);
    assert.match(refused.stderr, /logmill token create/);

    if (!outside) return t.skip("this machine has no address but loopback");
    const hub = await s.hub({ settings: { auth: { tokens } }, listen: "0.0.0.0" });
    const { port } = hub;
    const ask = (host, options) => request({ host, port }, "/api/v1/logs", options);
    assert.equal((await ask("127.0.0.1")).status, 200, "this machine");
    assert.equal((await ask(outside)).status, 401, "its other address is not loopback");
    assert.equal((await ask(outside, bearer(reader.token))).status, 200);
    assert.match(hub.process.stderr, /tokens and lines travel in the clear/);
});

scenario("tokens, origins and hosts change when the configuration is read again", async (s) => {
    const config = (extra) => ({ auth: { loopback: "none", tokens: [boss.conf, ...extra] } });
    const hub = await s.hub({ settings: config([c1.conf]) });
    const live = await s.websocket(hub, {}, bearer(c1.token));
    const session = await hub.get("/api/v1/session", {}, { method: "POST", ...bearer(c1.token) });
    const cookie = { headers: { cookie: session.headers["set-cookie"][0].split(";")[0] } };
    assert.equal((await hub.get("/api/v1/logs", {}, cookie)).status, 200);
    hub.configure({ ...config([reader.conf]), hosts: ["logs.example.com"], cors: { origins: ["https://ops.example.com"] } });
    const said = await hub.get("/api/v1/hub/reload", {}, { method: "POST", ...bearer(boss.token) });
    assert.match(said.text, /2 tokens/);
    assert.doesNotMatch(said.text, /from the next start/);
    assert.equal((await hub.get("/api/v1/logs", {}, cookie)).status, 401, "its session went with the token");
    assert.equal((await hub.get("/api/v1/logs", {}, bearer(c1.token))).status, 401);
    assert.equal((await hub.get("/api/v1/logs", {}, bearer(reader.token))).status, 200);
    const named = { ...bearer(reader.token).headers, host: "logs.example.com", origin: "https://ops.example.com" };
    const answer = await hub.get("/api/v1/logs", {}, { headers: named });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["access-control-allow-origin"], "https://ops.example.com");
    await until("the stream of the token that is gone to end", () => live.closeCode !== null);
});

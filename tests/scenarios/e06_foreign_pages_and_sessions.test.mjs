// SPDX-License-Identifier: MIT
//
// Other people's web pages run in the same browser as ours: Host and Origin keep them out. What only
// the owner may do needs the session that the printed URL opens, once.

import assert from "node:assert/strict";
import WebSocket from "ws";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { scenario } from "../lib/scenario.mjs";

const PATHS = [
    "/",
    "/api/v1/logs",
    "/api/v1/logs/stream/sse",
    "/api/v1/logs/stream/status",
    "/metrics",
    "/healthz",
];

scenario("a foreign Host is 421: DNS rebinding gets nowhere", async (s) => {
    const hub = await s.hub();
    for (const path of PATHS)
        for (const host of [
            "evil.example",
            `evil.example:${hub.port}`,
            "127.0.0.1.evil.example",
            "localhost.evil.example",
        ]) {
            const answer = await hub.get(path, {}, { headers: { host } });
            assert.equal(answer.status, 421, `${host} ${path}`);
            assert.equal(answer.json.error.code, "wrong_host");
            assert.match(answer.json.error.message, /use http:\/\/127\.0\.0\.1 and its port/);
        }
    for (const host of [`127.0.0.1:${hub.port}`, `localhost:${hub.port}`, `[::1]:${hub.port}`])
        assert.equal((await hub.get("/healthz", {}, { headers: { host } })).status, 200, host);
});

scenario("a foreign Origin is 403, on every route", async (s) => {
    const hub = await s.hub();
    const foreign = [
        "http://evil.example",
        `http://127.0.0.1:${hub.port + 1}`,
        `https://127.0.0.1:${hub.port}`,
        "null",
    ];
    for (const path of PATHS)
        for (const origin of foreign) {
            const answer = await hub.get(path, {}, { headers: { origin } });
            assert.equal(answer.status, 403, `${origin} ${path}`);
            assert.equal(answer.json.error.code, "wrong_origin");
            assert.equal(answer.headers["access-control-allow-origin"], undefined);
        }
    assert.equal((await hub.get("/healthz", {}, { headers: { origin: hub.url } })).status, 200);
});

scenario("a WebSocket of a foreign page is refused, one of our own is not", async (s) => {
    const hub = await s.hub();
    const status = await new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/api/v1/logs/stream/ws`, {
            origin: "http://evil.example",
        });
        socket.on("unexpected-response", (_, res) => resolve(res.statusCode));
        socket.on("open", () => resolve("open"));
        socket.on("error", () => {});
    });
    assert.equal(status, 403);
    await s.websocket(hub, {}, { origin: hub.url });
});

scenario("the ticket of the printed URL opens one session, with a guarded cookie", async (s) => {
    const hub = await s.hub();
    const ask = (cookie) => hub.get("/api/v1/processes", {}, cookie ? { headers: { cookie } } : {});
    const scope = async (cookie) =>
        (await hub.get("/api/v1/session", {}, cookie ? { headers: { cookie } } : {})).json.scope;

    assert.equal((await ask()).status, 401);
    assert.match((await ask()).json.error.message, /scope "admin": open the URL that `logmill serve` printed/);
    assert.equal(await scope(), "write");

    const wrong = await hub.get("/", { ticket: "0".repeat(32) });
    assert.equal(wrong.status, 403);
    assert.equal(wrong.headers["set-cookie"], undefined);
    assert.equal(
        (await hub.get("/", { ticket: hub.ticket }, { method: "HEAD" })).status,
        403,
        "a link checker does not use it up",
    );

    const entered = await hub.get("/", { ticket: hub.ticket });
    assert.equal(entered.status, 303);
    assert.equal(entered.headers.location, "/");
    const [set] = entered.headers["set-cookie"];
    const flags = set.split("; ").slice(1).sort();
    assert.deepEqual(flags, ["HttpOnly", "Path=/", "SameSite=Strict"]);
    assert.ok(!set.includes(hub.ticket), "the ticket is not the secret of the session");

    const cookie = set.split(";")[0];
    assert.equal((await ask(cookie)).status, 200);
    assert.equal(await scope(cookie), "admin");
    assert.equal((await ask(`${cookie}0`)).status, 401);

    const again = await hub.get("/", { ticket: hub.ticket });
    assert.equal(again.status, 403, "a ticket is good for one time");
    assert.match(again.text, /This link has been used or is too old/);
});

scenario("auth.loopback decides what a client without a session may do", async (s) => {
    const hub = await s.hub({ settings: { auth: { loopback: "none" } } });
    for (const path of ["/api/v1/logs", "/api/v1/logs/stream/sse", "/metrics", "/api/v1/processes"])
        assert.equal((await hub.get(path)).status, 401, path);
    for (const path of ["/", "/healthz", "/readyz"]) assert.equal((await hub.get(path)).status, 200, path);
    assert.equal((await hub.ask("/api/v1/processes")).status, 200, "the local socket is the owner's");
    const [set] = (await hub.get("/", { ticket: hub.ticket })).headers["set-cookie"];
    assert.equal((await hub.get("/metrics", {}, { headers: { cookie: set.split(";")[0] } })).status, 200);
});

scenario("neither ticket nor session appear in records", async (s) => {
    const hub = await s.hub();
    await hub.get("/", { ticket: hub.ticket });
    const all = await hub.get("/api/v1/logs", { limit: 1000 });
    assert.ok(all.json.logs.length > 0);
    assert.ok(!all.text.includes(hub.ticket) && !all.text.includes("ticket="));
});

scenario("Chromium keeps a foreign page away from the streams", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const other = await s.hub({ dir: s.folder("other") });
    const page = await openPage(s, `${other.url}/healthz`);
    const seen = await page.evaluate(async (url) => {
        const read = await fetch(`${url}/api/v1/logs`).then(
            (r) => r.text(),
            (error) => `refused: ${error.message}`,
        );
        const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/logs/stream/ws`);
        const opened = await new Promise((resolve) => {
            socket.onopen = () => resolve("open");
            socket.onerror = () => resolve("refused");
        });
        return { read, opened };
    }, hub.url);
    assert.match(seen.read, /^refused/);
    assert.equal(seen.opened, "refused");
});

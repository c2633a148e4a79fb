// SPDX-License-Identifier: MIT
//
// A token leaves the configuration while it is in use: every kind of stream that came of it ends, and those
// of others go on.

import assert from "node:assert/strict";
import http from "node:http";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { IpcCaller } from "../lib/ipc.mjs";
import { scenario } from "../lib/scenario.mjs";
import { base64url, bearer, makeToken } from "../lib/tokens.mjs";
import { until } from "../lib/wait.mjs";

/** A stream by its name, which is `open`ed and has `ended` when the hub says so or cuts it. */
function stream(name, start) {
    const s = { name, open: false, ended: false };
    s.stop = start(
        () => (s.open = true),
        () => (s.ended = true),
    );
    return s;
}

function webSocket(name, url, protocols, options) {
    return stream(name, (open, ended) => {
        const socket = new WebSocket(url, protocols, options);
        socket.on("open", open).on("error", ended).on("close", ended);
        return () => socket.terminate();
    });
}

function eventStream(name, where, path, headers = {}) {
    return stream(name, (open, ended) => {
        const req = http.get({ ...where, path, headers: { host: "localhost", ...headers }, agent: false }, (res) => {
            if (res.statusCode === 200) open();
            res.on("error", ended).on("close", ended).resume();
        });
        req.on("error", ended);
        return () => req.destroy();
    });
}

function socketIo(name, hub, headers, transports) {
    return stream(name, (open, ended) => {
        const socket = io(hub.url, { forceNew: true, reconnection: false, extraHeaders: headers, transports });
        socket.on("connect", open).on("disconnect", ended);
        return () => socket.close();
    });
}

scenario("a token that leaves the configuration takes its streams with it, of every kind", async (s) => {
    const gone = makeToken("gone", "admin");
    const stays = makeToken("stays", "admin");
    const settings = (...tokens) => ({ auth: { loopback: "none", tokens: tokens.map((t) => t.conf) } });
    const hub = await s.hub({ settings: settings(gone, stays) });
    const tcp = { host: "127.0.0.1", port: hub.port };
    const ws = `ws://127.0.0.1:${hub.port}/api/v1`;
    const sse = "/api/v1/logs/stream/sse";

    async function allWith({ token }) {
        const { headers } = bearer(token);
        const ticket = await hub.get("/api/v1/tickets", {}, { method: "POST", headers });
        const session = await hub.get("/api/v1/session", {}, { method: "POST", headers });
        const cookie = session.headers["set-cookie"][0].split(";")[0];
        const offer = `bearer.${base64url(token)}`;
        const ipc = await IpcCaller.connect({ url: `${ws}/ipc`, headers });
        return [
            webSocket("WebSocket, header", `${ws}/logs/stream/ws`, [], { headers }),
            webSocket("logmill.v1, offer", `${ws}/logs/stream/ws`, ["logmill.v1", offer]),
            webSocket("WebSocket, session", `${ws}/logs/stream/ws`, [], { headers: { cookie } }),
            webSocket("process cards", `${ws}/admin/ws`, [], { headers }),
            eventStream("SSE, header", tcp, sse, headers),
            eventStream("SSE, ticket", tcp, `${sse}?ticket=${ticket.json.ticket}`),
            eventStream("SSE, session", tcp, sse, { cookie }),
            eventStream("SSE, local socket", { socketPath: hub.socket }, sse, headers),
            socketIo("Socket.IO, polling", hub, headers, ["polling"]),
            socketIo("Socket.IO, WebSocket", hub, headers, ["websocket"]),
            stream("IPC", (open, ended) => {
                ipc.stream("logs:subscribe", {}, open).then(ended);
                return () => ipc.close();
            }),
        ];
    }

    const doomed = await allWith(gone);
    const others = await allWith(stays);
    try {
        const named = (list) => list.map(({ name }) => name).join(", ");
        const closed = () => [...doomed, ...others].filter((x) => !x.open);
        await until(() => `streams to open: ${named(closed())}`, () => closed().length === 0);
        hub.configure(settings(stays));
        const said = await hub.get("/api/v1/hub/reload", {}, { method: "POST", ...bearer(stays.token) });
        assert.equal(said.status, 200, said.text);
        const left = () => doomed.filter((x) => !x.ended);
        await until(() => `streams to end: ${named(left())}`, () => left().length === 0);
        assert.equal((await hub.get("/api/v1/logs", {}, bearer(gone.token))).status, 401);
        const ended = others.filter((x) => x.ended);
        assert.deepEqual(named(ended), "", "the others go on");
    } finally {
        for (const x of [...doomed, ...others]) x.stop();
    }
});

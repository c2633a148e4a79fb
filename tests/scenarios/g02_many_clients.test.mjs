// SPDX-License-Identifier: MIT
//
// More clients than descriptors, many filters, clients that come and go.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import net from "node:net";
import { undisturbed } from "../lib/bystander.mjs";
import { program } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

function dial(hub) {
    const socket = net.connect(hub.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    return socket;
}

scenario("out of descriptors, the hub turns new clients away and serves those it has", async (s) => {
    const hub = await s.hub({ wrapper: ["prlimit", "--nofile=64"] });
    await undisturbed(s, hub, async () => {
        const many = Array.from({ length: 150 }, () => dial(hub));
        await until("some to be turned away", () => many.filter((socket) => socket.closed).length > 50);
        for (const socket of many) socket.destroy();
        await until("the hub to answer again", () =>
            hub.get("/healthz").then(
                (a) => a.status === 200,
                () => false,
            ),
        );
    });
});

scenario("100 WebSocket clients with 10 filters all get what they asked for", async (s) => {
    const hub = await s.hub();
    const clients = [];
    for (let i = 0; i < 100; i++) clients.push(s.websocket(hub, { source: "writer", search: `${i % 10} the` }));
    const open = await Promise.all(clients);
    const lines = 4000;
    await s.run(hub, ["--name", "writer", "--quiet"], [program("writer"), "4000", String(lines)]).end();
    await until("all lines", () => open.every((client) => client.count === lines / 10));
    for (const client of open) assert.deepEqual(client.notices, []);
    assert.equal(await hub.metric("feeds"), 10, "equal subscriptions share one feed");
});

scenario("clients that come and go under load leave nothing behind", async (s) => {
    const hub = await s.hub();
    await undisturbed(s, hub, async () => {
        for (let i = 0; i < 60; i++) {
            const ways = [{ after: "0" }, { tail: "100" }, {}, { search: "fox", level: "error" }];
            const ws = await s.websocket(hub, ways[i % 4]);
            ws.close();
            const socket = dial(hub);
            socket.write("GET /api/v1/logs?limit=10000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", () =>
                socket.destroy(),
            );
        }
        await until(
            "only the bystander's client to be left",
            async () => (await hub.metric("clients_websocket")) === 1,
        );
    });
    await until("no feed to be left", async () => (await hub.metric("feeds")) <= 1);
});

scenario("requests sent in one go are answered in order on one connection", async (s) => {
    const hub = await s.hub();
    const socket = dial(hub);
    let answer = "";
    socket.on("data", (bytes) => (answer += bytes));
    const ask = (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    socket.write(ask("/healthz") + ask("/api/v1/logs?limit=1") + ask("/nothing") + ask("/readyz"));
    await until("four answers", () => answer.includes('"ready"'));
    assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), [
        "HTTP/1.1 200",
        "HTTP/1.1 200",
        "HTTP/1.1 404",
        "HTTP/1.1 200",
    ]);
    socket.destroy();
});

scenario("the hub takes every descriptor it may have, and its children the limit meant for them", async (s) => {
    const hub = await s.hub({
        wrapper: ["prlimit", "--nofile=1024:4096"],
        processes: { limits: { command: ["sh", "-c", "echo $(ulimit -Sn) $(ulimit -Hn); exec sleep 60"] } },
    });
    const ws = await s.websocket(hub, { source: "limits", after: "0" });
    await ws.record("1024 4096");
    assert.match(readFileSync(`/proc/${hub.process.child.pid}/limits`, "utf8"), /Max open files +4096 +4096/);
});

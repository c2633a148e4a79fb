// SPDX-License-Identifier: MIT
//
// The cable is pulled: clients in a network of their own, whose link goes down without a word. The hub notices
// by itself and lets them go. Takes half a minute and needs root for the network; by hand:
// tools/run-scenarios tests/crash/cable_pulled.test.mjs

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { Process } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { makeToken } from "../lib/tokens.mjs";
import { until } from "../lib/wait.mjs";

const HUB = "10.213.77.1";
const CLIENTS = "10.213.77.2";
const SOON_MS = 60_000;
const space = `logmill-${process.pid}`;
const [here, there] = [`lmh${process.pid}`, `lmc${process.pid}`];
const ip = (...args) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });

function laidCable() {
    if (process.getuid() !== 0 || spawnSync("ip", ["netns", "add", space]).status !== 0) return false;
    ip("link", "add", here, "type", "veth", "peer", "name", there);
    ip("link", "set", there, "netns", space);
    ip("addr", "add", `${HUB}/24`, "dev", here);
    ip("link", "set", here, "up");
    ip("-n", space, "addr", "add", `${CLIENTS}/24`, "dev", there);
    ip("-n", space, "link", "set", there, "up");
    return true;
}

const skip = laidCable() ? false : "needs root, and `ip netns` of iproute2";
process.on("exit", () => skip || ip("netns", "del", space));

const UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

scenario(
    "who is gone without a word is let go of, streams and idle connections alike",
    async (s, t) => {
        const { token, conf } = makeToken("viewer", "read");
        const hub = await s.hub({ listen: "0.0.0.0", settings: { hosts: [HUB], auth: { tokens: [conf] } } });
        const open = () => hub.metric("connections");
        const before = await open();
        const curl = (path, headers = []) => {
            const flags = [`Authorization: Bearer ${token}`, ...headers].flatMap((header) => ["-H", header]);
            const url = `http://${HUB}:${hub.port}/api/v1/logs/stream/${path}`;
            const args = ["netns", "exec", space, "curl", "-sSN", "--http1.1", "-o", "/dev/null", ...flags, url];
            s.processes.push(new Process(path, "ip", args, { env: s.env }));
            return s.processes.at(-1);
        };
        for (let i = 0; i < 3; i++) curl("sse");
        for (let i = 0; i < 3; i++) curl("ws", UPGRADE);
        const asleep = [curl("sse"), curl("ws", UPGRADE)]; // these read nothing, and the kernel asks them for room
        await until("eight clients", async () => (await open()) === before + 8);
        for (const one of asleep) one.signal("SIGSTOP");
        await s.run(hub, ["--quiet"], ["seq", "1", "200000"]).end();
        await until("them to miss lines", async () => (await hub.metric("dropped_total")) > 0);
        ip("link", "set", here, "down");
        const pulled = Date.now();
        await until("all eight to be let go of", async () => (await open()) === before, SOON_MS);
        t.diagnostic(`after ${((Date.now() - pulled) / 1000).toFixed(0)} s`);
        assert.equal((await hub.get("/healthz")).status, 200);
    },
    { timeout: SOON_MS + 30_000, skip },
);

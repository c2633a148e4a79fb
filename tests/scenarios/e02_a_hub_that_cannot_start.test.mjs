// SPDX-License-Identifier: MIT
//
// A hub that cannot start says why and what to do, and does no harm to the one that runs.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { undisturbed } from "../lib/bystander.mjs";
import { scenario } from "../lib/scenario.mjs";

const FAILED = 1;
const USAGE = 2;

async function refused(s, args, sentence, status = FAILED) {
    const serve = s.logmill(["serve", ...args]);
    const got = await serve.end();
    assert.ok(status instanceof Set ? status.has(got) : status === got, `${got}: ${serve.stderr}`);
    assert.match(serve.stderr, sentence);
}

function places(s, name) {
    return ["--state-dir", s.path(name), "--socket", s.path(`${name}.sock`)];
}

scenario("a second hub on the same state is refused, and the first goes on", async (s) => {
    const hub = await s.hub();
    await undisturbed(s, hub, async () => {
        await refused(
            s,
            ["--state-dir", hub.stateDir, "--socket", s.path("other.sock"), "--listen", "none"],
            new RegExp(
                `another hub \\(pid ${hub.pid}\\) is using .*state: stop it first, or start this one with another --state-dir`,
            ),
        );
        await refused(
            s,
            ["--state-dir", s.path("other"), "--socket", hub.socket, "--listen", "none"],
            /another program answers on .*hub\.sock: stop that one, or use another --socket/,
        );
    });
});

scenario("a port that is taken is named with a way out", async (s) => {
    const hub = await s.hub();
    await undisturbed(s, hub, () =>
        refused(
            s,
            [...places(s, "other"), "--listen", `127.0.0.1:${hub.port}`],
            new RegExp(`port ${hub.port} is taken by another program: stop that one, or use --listen 127.0.0.1:0`),
        ),
    );
    const [stranger, port] = await listenSomewhere();
    await refused(s, [...places(s, "other"), "--listen", `127.0.0.1:${port}`], /is taken by another program/);
    stranger.close();
});

function listenSomewhere() {
    const server = net.createServer();
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve([server, server.address().port])));
}

scenario("addresses that others could reach are refused", async (s) => {
    for (const address of ["0.0.0.0:0", "[::]:0"])
        await refused(
            s,
            [...places(s, "hub"), "--listen", address],
            /can be reached from other machines, and no token is configured: .*listen on 127\.0\.0\.1/,
        );
    for (const address of ["example.org:80", "127.0.0.1", "nonsense", "127.0.0.1:70000"])
        await refused(
            s,
            [...places(s, "hub"), "--listen", address],
            /127\.0\.0\.1:8514/,
            new Set([FAILED, USAGE]),
        );
});

scenario("folders and sockets that cannot be are named", async (s) => {
    writeFileSync(s.path("file"), "");
    await refused(
        s,
        ["--state-dir", join(s.path("file"), "state"), "--listen", "none"],
        /cannot make the folder .*: .*; choose another with --state-dir/,
    );
    await refused(
        s,
        ["--state-dir", s.path("state"), "--socket", s.path("file"), "--listen", "none"],
        /file is there and is not a socket: move it away, or use another --socket/,
    );
    await refused(
        s,
        ["--state-dir", s.path("state"), "--socket", s.path("x".repeat(120)), "--listen", "none"],
        /socket/,
        new Set([FAILED, USAGE]),
    );
});

scenario("a socket and a lock left by a hub that was killed are no obstacle", async (s) => {
    const hub = await s.hub();
    await hub.kill();
    await hub.start();
    assert.equal((await hub.get("/healthz")).status, 200);
});

scenario("a damaged journal does not keep the hub from starting, and it says so", async (s) => {
    const hub = s.newHub();
    mkdirSync(join(hub.stateDir, "journal"), { recursive: true });
    writeFileSync(join(hub.stateDir, "journal", "00000000000000000001"), "this is no journal");
    await hub.start();
    assert.equal((await hub.get("/readyz")).status, 200);
});

// SPDX-License-Identifier: MIT
//
// The local socket listens to whatever a program of the same user may say; garbage and lies end that
// program's connection and nothing else.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { undisturbed } from "../lib/bystander.mjs";
import { Caller, TYPE, data, end, exit, frame, hello, run } from "../lib/frames.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const PROTOCOL = /the peer does not keep to the protocol/;

function refused(caller, sentence) {
    return until(`the hub to end the connection of ${sentence}`, () => caller.closed);
}

scenario("garbage: random bytes, absurd lengths, wrong magic, half a greeting", async (s) => {
    const hub = await s.hub();
    await undisturbed(s, hub, async () => {
        for (let i = 0; i < 50; i++) {
            const bytes = randomBytes(1 + ((i * 97) % 5000));
            bytes[0] = i % 65; // so that it is taken for frames
            const caller = new Caller(hub).send(bytes);
            caller.socket.end();
            await refused(caller, `random bytes ${i}`);
        }
        const huge = new Caller(hub).send(hello(), frame(TYPE.RUN, Buffer.alloc(24), 0xffffff00));
        await refused(huge, "4 GiB");
        assert.match(huge.error, PROTOCOL);
        const neither = new Caller(hub).send(Buffer.alloc(64, 0xff));
        await refused(neither, "what is neither frames nor HTTP");
        assert.match(neither.answer.toString(), /^HTTP\/1\.1 400 /);

        const stranger = new Caller(hub).send(hello({ magic: 0x12345678 }));
        await refused(stranger, "wrong magic");
        assert.match(stranger.error, PROTOCOL);

        const half = new Caller(hub).send(hello().subarray(0, 11));
        const mute = new Caller(hub);
        const http = new Caller(hub).send("GET /healthz HTTP/1.1\r\nHost: x");
        await until("the rest to be connected", async () => (await hub.metric("connections")) >= 4);
        for (const caller of [half, mute, http]) caller.close();
        assert.ok(hub.memoryKb() < 100_000, `${hub.memoryKb()} kB`);
    });
    await hub.process.says(
        /WARN: Ending the connection of a local program \(.*\): the peer does not keep to the protocol/,
    );
});

scenario("lies: frames in the wrong order, with wrong lengths, about things that cannot be", async (s) => {
    const hub = await s.hub();
    const far = 2n ** 62n;
    const refusals = {
        "data before RUN": [hello(), data("x\n")],
        "RUN before HELLO": [run()],
        "RUN twice": [hello(), run({ id: 1 }), run({ id: 2 })],
        "a name longer than the frame": [hello(), run({ nameLength: 60 })],
        "labels that are not there": [hello(), run({ labels: 30 })],
        "a name that is a path": [hello(), run({ name: "../../etc/passwd" })],
        "a third stream": [hello(), run(), data("x\n", { stream: 3 })],
        "an empty RUN": [hello(), frame(TYPE.RUN)],
        "a signal that does not exist": [hello(), run(), exit({ signal: 9999 })],
        "a short EXIT": [hello(), run(), frame(TYPE.EXIT, Buffer.alloc(3))],
    };
    await undisturbed(s, hub, async () => {
        for (const [what, frames] of Object.entries(refusals)) {
            const caller = new Caller(hub).send(...frames);
            await refused(caller, what);
            assert.match(caller.error ?? "", PROTOCOL, what);
        }
        const ws = await s.websocket(hub, { source: "liar" });
        const liar = new Caller(hub).send(
            hello({ version: 9 }),
            frame(0x77, Buffer.from("of a later version")),
            run({ id: 3, startedUs: -far }),
            data("one\n"),
            data("one\n"),
            data("late", { offset: far, readUs: far }),
            data("early\n", { offset: 1n, readUs: -far }),
            exit({ signal: 31 }),
            end(5n),
            end(far * 2n),
        );
        await ws.record("one");
        await ws.record((r) => /bytes of stdout are missing here/.test(r.message));
        await ws.record((r) => /killed by signal 31/.test(r.message));
        liar.close();
        for (const path of ["/api/v1/logs", "/metrics"]) assert.equal((await hub.get(path)).status, 200);
        assert.equal((await hub.ask("/api/v1/processes")).status, 200);
    });
});

scenario("200 connections that say nothing do not keep others out", async (s) => {
    const hub = await s.hub();
    const mute = Array.from({ length: 200 }, () => new Caller(hub));
    await undisturbed(s, hub, () =>
        until("all to be connected", async () => (await hub.metric("connections")) > 200),
    );
    for (const caller of mute) caller.close();
    await until("all to be gone", async () => (await hub.metric("connections")) < 10);
});

scenario("more TCP connections than max_connections are refused, and say so; the local socket stays open", async (s) => {
    const hub = await s.hub({ settings: { max_connections: 20 } });
    await undisturbed(s, hub, async () => {
        const many = Array.from({ length: 40 }, () => knock(hub.port));
        await until("the rest to be refused", () => many.some((caller) => caller.closed));
        assert.match(many.find((caller) => caller.closed).answer, /^HTTP\/1\.1 503 /);
        assert.equal((await hub.ask("/healthz")).status, 200);
        for (const caller of many) caller.socket.destroy();
        await until("them to be gone", () => many.every((caller) => caller.closed));
    });
});

/** A TCP client that says nothing. */
function knock(port) {
    const caller = { socket: connect(port, "127.0.0.1"), answer: "", closed: false };
    caller.socket.on("data", (bytes) => (caller.answer += bytes));
    caller.socket.on("error", () => {});
    caller.socket.on("close", () => (caller.closed = true));
    return caller;
}

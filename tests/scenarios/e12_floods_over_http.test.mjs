// SPDX-License-Identifier: MIT
//
// Headers without end, requests by the thousand on one connection, connections that come and go: each gets
// what is due to it, a bystander notices nothing, and nothing stays behind.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import net from "node:net";
import { undisturbed } from "../lib/bystander.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const HEAD = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
const REQUEST = `${HEAD}\r\n`;

/** A connection that sends `bytes`; what it is answered, once the hub has closed or `enough` is true. */
function exchange(hub, bytes, enough = () => false) {
    return new Promise((resolve) => {
        let answer = "";
        const socket = net.connect(hub.port, "127.0.0.1");
        socket.on("data", (piece) => {
            answer += piece;
            if (enough(answer)) socket.destroy();
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(answer));
        socket.write(bytes);
    });
}

const crowd = (n, each) => Promise.all(Array.from({ length: n }, each));
const countOf = (text, word) => text.split(word).length - 1;

/** Comes and goes: without a word, in the middle of one, with a reset. */
function visit(hub, i) {
    return new Promise((resolve) => {
        const socket = net.connect(hub.port, "127.0.0.1", () => {
            if (i % 3 === 0) socket.destroy();
            else if (i % 3 === 1) socket.write(HEAD, () => socket.destroy());
            else socket.resetAndDestroy();
        });
        socket.on("error", () => {});
        socket.on("close", resolve);
    });
}

scenario("floods over HTTP: each gets its answer, others notice nothing, nothing stays", async (s, t) => {
    const hub = await s.hub();
    const descriptors = () => readdirSync(`/proc/${hub.pid}/fd`).length;
    await undisturbed(s, hub, async () => {
        const before = { memory: hub.memoryKb(), descriptors: descriptors() };
        const endless = await crowd(40, () => exchange(hub, `${HEAD}X-A: ${"a".repeat(1 << 20)}`));
        const many = await crowd(40, () => exchange(hub, `${HEAD}${"X: y\r\n".repeat(10_000)}\r\n`));
        for (const answer of [...endless, ...many]) assert.match(answer, /^(HTTP\/1\.1 431 |$)/); // a reset may overtake the answer
        assert.ok([...endless, ...many].some((answer) => answer !== ""));

        const all = (answer) => countOf(answer, "HTTP/1.1 200 ") === 1000;
        const pipelined = await crowd(20, () => exchange(hub, REQUEST.repeat(1000), all));
        for (const answer of pipelined) assert.ok(all(answer), `${countOf(answer, "HTTP/1.1 200 ")} of 1000 answers`);

        for (let i = 0; i < 1000; i += 50) await crowd(50, (_, k) => visit(hub, i + k));
        await until(
            () => `descriptors to be as before: ${descriptors()}, not ${before.descriptors}`,
            () => descriptors() <= before.descriptors,
        );
        const more = hub.memoryKb() - before.memory;
        t.diagnostic(`${more} kB more`);
        assert.ok(more < 32 * 1024, `${more} kB more`);
    });
});

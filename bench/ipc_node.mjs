// SPDX-License-Identifier: MIT
//
// ipc_node.mjs - the same questions with Node's own means: a child's channel (process.send), and net with
// JSON lines.
//
//   node bench/ipc_node.mjs [SECONDS]

import { fork } from "node:child_process";
import net from "node:net";
import { unlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const text = "a".repeat(62);

if (process.argv[2] === "serve") {
    process.on("message", (m) => process.send(m));
    net.createServer((c) => {
        let rest = "";
        c.on("data", (bytes) => {
            const lines = (rest + bytes).split("\n");
            rest = lines.pop();
            c.write(lines.map((line) => JSON.stringify(JSON.parse(line)) + "\n").join(""));
        });
    }).listen(`/tmp/ipc-node-${process.ppid}.sock`, () => process.send("ready"));
} else {
    const seconds = Number(process.argv[2] ?? 2);
    const child = fork(fileURLToPath(import.meta.url), ["serve"]);
    await new Promise((done) => child.once("message", done));
    const path = `/tmp/ipc-node-${process.pid}.sock`;

    const measure = async (name, send, listen) => {
        for (const outstanding of [1, 64]) {
            const samples = [];
            let calls = 0;
            const sent = [];
            await new Promise((done) => {
                const end = performance.now() + seconds * 1000;
                const begin = performance.now();
                listen(() => {
                    const now = performance.now();
                    samples.push(now - sent.shift());
                    calls++;
                    if (now < end) {
                        sent.push(now);
                        send();
                    } else if (!sent.length) {
                        samples.sort((a, b) => a - b);
                        const us = (share) => (samples[Math.floor(samples.length * share)] * 1000).toFixed(1);
                        console.log(
                            `${name.padEnd(28)} ${outstanding} outstanding: p50 ${us(0.5)} us  p99 ${us(0.99)} us  ` +
                                `${(calls / (now - begin)).toFixed(0)} k/s`,
                        );
                        done();
                    }
                });
                for (let i = 0; i < outstanding; i++) {
                    sent.push(performance.now());
                    send();
                }
            });
        }
    };

    let heard;
    child.on("message", () => heard());
    await measure("Node process.send", () => child.send({ text }), (fn) => (heard = fn));
    const c = net.connect(path);
    let rest = "";
    c.on("data", (bytes) => {
        const lines = (rest + bytes).split("\n");
        rest = lines.pop();
        for (const line of lines) {
            JSON.parse(line);
            heard();
        }
    });
    const line = JSON.stringify({ text }) + "\n";
    await measure("Node net, JSON lines", () => c.write(line), (fn) => (heard = fn));
    c.destroy();
    child.kill();
    try {
        unlinkSync(path);
    } catch {
        // its server has removed it
    }
}

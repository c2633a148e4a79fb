// SPDX-License-Identifier: MIT
//
// With the real pino, in its worker thread. The hub's address is served by a thread of its own: the end
// of a pino transport may block the thread that asks for it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import pino from "pino";

const HERE = new URL(".", import.meta.url).pathname;

const INGEST = `
const { createServer } = require("node:http");
const { parentPort } = require("node:worker_threads");
const lines = [];
const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
        lines.push(...body.split("\\n").map((line) => JSON.parse(line)));
        response.end('{"accepted":1,"rejected":[]}');
    });
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
parentPort.on("message", () => parentPort.postMessage(lines));
`;

test("records reach the hub from pino's worker, and the end waits for them", async (t) => {
    const hub = new Worker(INGEST, { eval: true });
    t.after(() => hub.terminate());
    const [port] = await once(hub, "message");
    const target = new URL("../dist/esm/index.js", import.meta.url).pathname;
    const transport = pino.transport({ target, options: { url: `http://127.0.0.1:${port}`, source: "shop" } });
    const logger = pino(transport);
    logger.info({ jobRunId: "42" }, "first");
    logger.error(new Error("boom"));
    transport.end();
    await once(transport, "close");
    hub.postMessage("lines");
    const [[first, second, ...more]] = await once(hub, "message");
    assert.deepEqual([first.msg, first.level, first.jobRunId, first.source], ["first", 30, "42", "shop"]);
    assert.equal(second.err.message, "boom");
    assert.deepEqual(more, []);
});

/** Runs a program that logs with pino, and resolves with its output. */
async function output(code, env = {}) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { cwd: HERE, env: { ...process.env, ...env } });
    let out = "";
    let trouble = "";
    child.stdout.on("data", (piece) => (out += piece));
    child.stderr.on("data", (piece) => (trouble += piece));
    const [status] = await once(child, "close");
    assert.equal(status, 0, trouble);
    return out.trim().split("\n").map((line) => JSON.parse(line));
}

for (const [name, how] of [
    ["the worker", 'pino({ transport: { target: "@logmill/pino", options: { url: "http://127.0.0.1:1" } } })'],
    ["destination()", 'pino({}, destination({ url: "http://127.0.0.1:1" }))'],
])
    test(`under a keeper ${name} writes lines on the standard output, whole and in order`, async () => {
        const code = `import pino from "pino"; import { destination } from "@logmill/pino"; void destination;
            const logger = ${how};
            for (let i = 0; i < 5000; i++) logger.info({ i }, "x".repeat(100));`;
        const lines = await output(code, { LOGMILL_RUN: "0".repeat(32) });
        assert.deepEqual(lines.map(({ i }) => i), Array.from({ length: 5000 }, (_, i) => i));
    });

test("the package can be imported and required, as a target, too", async () => {
    const names = { ...(await import("@logmill/pino")) };
    assert.deepEqual(Object.keys(names).sort(), ["default", "destination"]);
    const required = createRequire(import.meta.url)("@logmill/pino");
    assert.deepEqual([typeof required.default, typeof required.destination], ["function", "function"]);
});

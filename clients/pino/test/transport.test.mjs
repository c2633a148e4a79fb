// SPDX-License-Identifier: MIT
//
// With the real pino, in its worker thread. The hub's address is served by a thread of its own: the end
// of a pino transport may block the thread that asks for it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import pino from "pino";

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

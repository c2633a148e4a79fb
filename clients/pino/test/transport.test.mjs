// SPDX-License-Identifier: MIT
//
// With the real pino, in its worker thread.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import pino from "pino";

test("records reach the hub from pino's worker, and the end waits for them", async (t) => {
    const lines = [];
    const server = createServer((request, response) => {
        let body = "";
        request.on("data", (piece) => (body += piece));
        request.on("end", () => {
            lines.push(...body.split("\n").map((line) => JSON.parse(line)));
            response.end('{"accepted":1,"rejected":[]}');
        });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const target = new URL("../dist/esm/index.js", import.meta.url).pathname;
    const options = { url: `http://127.0.0.1:${server.address().port}`, source: "shop" };
    const transport = pino.transport({ target, options });
    const logger = pino(transport);
    logger.info({ jobRunId: "42" }, "first");
    logger.error(new Error("boom"));
    transport.end();
    await once(transport, "close");
    assert.equal(lines.length, 2);
    const [first, second] = lines;
    assert.deepEqual([first.msg, first.level, first.jobRunId, first.source], ["first", 30, "42", "shop"]);
    assert.equal(second.err.message, "boom");
});

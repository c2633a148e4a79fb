// SPDX-License-Identifier: MIT
//
// With the real Winston.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { createRequire } from "node:module";
import { test } from "node:test";
import winston from "winston";
import { getWebSocketTransport, LogmillTransport, setSocketIOInstance } from "../dist/esm/index.js";

/** A hub's ingest address. */
async function ingest(t) {
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
    return { lines, url: `http://127.0.0.1:${server.address().port}` };
}

function loggerWith(transport, level = "silly") {
    const { format } = winston;
    return winston.createLogger({ level, format: format.combine(format.timestamp(), format.splat()), transports: [transport] });
}

test("records reach the hub with their members, and the end of the logger waits for them", async (t) => {
    const { lines, url } = await ingest(t);
    const transport = new LogmillTransport({ url, source: "shop", channel: "hub" });
    const logger = loggerWith(transport);
    logger.warn("disk %s full", "nearly", { free: 3, jobRunId: "42" });
    logger.error(new Error("boom"));
    logger.end();
    await once(transport, "finish");
    assert.equal(lines.length, 2);
    const [first, second] = lines;
    assert.deepEqual([first.message, first.level, first.free, first.jobRunId, first.source], ["disk nearly full", "warn", 3, "42", "shop"]);
    assert.equal(second.level, "error");
    assert.match(second.message, /boom/);
});

test("the newest entries are at hand, by exact level, too", () => {
    const transport = new LogmillTransport({ channel: "none", maxQueueSize: 3 });
    const logger = loggerWith(transport);
    for (const [level, message] of [["info", "a"], ["warn", "b"], ["info", "c"], ["error", "d"]]) logger.log(level, message);
    assert.deepEqual(transport.getCachedLogs().map((e) => e.message), ["b", "c", "d"]);
    assert.deepEqual(transport.getLogsByLevel("info").map((e) => e.message), ["c"]);
    assert.deepEqual(transport.getLogsByLevel("silly"), []);
});

test("a hub that is away is no error, and what is given up is counted", async () => {
    const transport = new LogmillTransport({ url: "http://127.0.0.1:1", channel: "hub", maxQueueSize: 5, flushTimeout: 50 });
    const events = [];
    transport.on("error", (error) => events.push(error));
    const logger = loggerWith(transport);
    logger.on("error", (error) => events.push(error));
    for (let i = 0; i < 150; i++) logger.info(`line ${i}`);
    assert.equal(transport.dropped, 50);
    logger.end();
    await once(transport, "finish");
    assert.deepEqual(events, []);
});

test("entries go to the program's own Socket.IO server, too", () => {
    const sent = [];
    setSocketIOInstance({ emit: (...args) => sent.push(args) });
    const transport = getWebSocketTransport();
    transport.silent = false;
    loggerWith(transport).info("hello", { user: 1 });
    assert.equal(sent[0][0], "log");
    assert.deepEqual([sent[0][1].message, sent[0][1].user], ["hello", 1]);
    setSocketIOInstance({
        emit() {
            throw new Error("theirs");
        },
    });
    loggerWith(transport).info("still here");
    assert.equal(transport.getCachedLogs().at(-1).message, "still here");
    setSocketIOInstance(null);
    return transport.sender?.close(0);
});

test("the package can be required, too", () => {
    const { LogmillTransport: Required } = createRequire(import.meta.url)("@logmill/winston");
    assert.equal(typeof Required, "function");
});

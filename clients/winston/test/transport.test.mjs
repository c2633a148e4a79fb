// SPDX-License-Identifier: MIT
//
// With the real Winston.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
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

test("nothing that is logged beside a message costs the message", async (t) => {
    const { lines, url } = await ingest(t);
    const transport = new LogmillTransport({ url, channel: "hub" });
    const logger = loggerWith(transport);
    const request = { url: "/x" };
    request.request = request;
    const failure = Object.assign(new TypeError("no"), { code: "E_NO", request });
    logger.info("odd things", { request, big: 5n, failure, when: new Date(0), symbol: Symbol("s"), deep: { big: 6n } });
    logger.info({ an: "object" });
    assert.ok(await transport.flush());
    const [odd, object] = lines;
    assert.match(odd.request, /url: '\/x'.*\[Circular/s);
    assert.deepEqual([odd.big, odd.when, odd.symbol], ["5", "1970-01-01T00:00:00.000Z", "Symbol(s)"]);
    assert.deepEqual([odd.failure.name, odd.failure.message], ["TypeError", "no"]);
    assert.match(odd.failure.stack, /transport\.test/);
    assert.match(odd.deep, /6n/);
    assert.match(object.message, /an/);
    assert.deepEqual(transport.getCachedLogs().map((e) => Object.getOwnPropertySymbols(e).length), [0, 0]);
});

test("levels are those of the logger, whatever its formats paint", () => {
    const transport = new LogmillTransport({ channel: "none" });
    const { format } = winston;
    winston.createLogger({ format: format.colorize(), transports: [transport] }).warn("painted");
    assert.deepEqual([transport.getCachedLogs()[0].level, transport.getLogsByLevel("warn").length], ["warn", 1]);
});

test("Winston is called back before anything has been sent", () => {
    const transport = new LogmillTransport({ url: "http://127.0.0.1:1", channel: "hub" });
    let called = false;
    transport.log({ level: "info", message: "m" }, () => (called = true));
    assert.ok(called);
    assert.equal(transport.waiting, 1);
    return transport.sender.close(0);
});

test("what the hub does not have at the end is told as a warning with its number", async () => {
    const transport = new LogmillTransport({ url: "http://127.0.0.1:1", channel: "hub", flushTimeout: 30 });
    const warnings = [];
    transport.on("warn", (error) => warnings.push(error.message));
    const logger = loggerWith(transport);
    logger.info("one");
    logger.info("two");
    logger.end();
    await once(transport, "finish");
    assert.deepEqual(warnings, ["2 records were not acknowledged by the hub"]);
});

/** What a program says to the hub that does this with `logger` and then has nothing more to do. */
async function program(t, doing, env = {}) {
    const { lines, url } = await ingest(t);
    const code = `
        import winston from "winston";
        import { LogmillTransport } from "@logmill/winston";
        const transport = new LogmillTransport({ url: ${JSON.stringify(url)}, flushTimeout: 2000, handleExceptions: true });
        const logger = winston.createLogger({ transports: [transport] });
        ${doing}`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { env: { ...process.env, ...env }, cwd: new URL(".", import.meta.url).pathname });
    let out = "";
    child.stdout.on("data", (piece) => (out += piece));
    const [status] = await once(child, "close");
    return { lines, out, status };
}

test("a program that just ends has said everything", async (t) => {
    const { lines, status } = await program(t, 'logger.info("last words")');
    assert.deepEqual([lines.map((l) => l.message), status], [["last words"], 0]);
});

test("a program that an exception ends has said so", async (t) => {
    const { lines, status } = await program(t, 'setTimeout(() => { throw new Error("boom") }, 5)');
    assert.equal(status, 1);
    assert.match(lines[0].message, /uncaughtException: boom/);
});

test("under a keeper records are lines on the standard output, and none goes to the hub", async (t) => {
    const { lines, out } = await program(t, 'logger.warn("to the pipe", { jobRunId: "7" })', { LOGMILL_RUN: "0".repeat(32) });
    assert.deepEqual(lines, []);
    const { timestamp, ...entry } = JSON.parse(out);
    assert.deepEqual(entry, { level: "warn", message: "to the pipe", jobRunId: "7" });
    assert.ok(Date.parse(timestamp) > 0);
});

test("the names that programs know are there", async () => {
    const { default: _, ...names } = await import("../dist/esm/index.js");
    assert.deepEqual(Object.keys(names).sort(), ["LogmillTransport", "WebSocketTransport", "getWebSocketTransport", "initLogger", "setSocketIOInstance"]);
    assert.equal(names.getWebSocketTransport(), names.getWebSocketTransport());
    assert.equal(names.initLogger(), names.initLogger());
    await names.getWebSocketTransport().sender.close(0);
});

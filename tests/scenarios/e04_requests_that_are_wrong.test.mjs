// SPDX-License-Identifier: MIT
//
// A wrong request gets a status, a code for programs and a sentence for people, and disturbs nobody.

import assert from "node:assert/strict";
import net from "node:net";
import { undisturbed } from "../lib/bystander.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const SSE = "/api/v1/logs/stream/sse";
const WS = "/api/v1/logs/stream/ws";
const LOGS = "/api/v1/logs";

/* path with query, status, code, what the sentence says */
const WRONG = [
    ["/api/v1/lgos", 404, "not_found", /did you mean \/api\/v1\/logs\?/],
    ["/nothing/here", 404, "not_found", /the page is at \/, the API below \/api\/v1\//],
    [`${SSE}?jobrunid=1`, 400, "unknown_parameter", /unknown parameter 'jobrunid': did you mean 'job_run_id'\?/],
    [`${SSE}?level=loud`, 400, "bad_parameter", /level must be one of trace, debug, info, warn, error, fatal/],
    [`${SSE}?stream=stdin`, 400, "bad_parameter", /stream must be one of stdout, stderr, system/],
    [`${SSE}?job_run_id=`, 400, "bad_parameter", /job_run_id has no value; leave it out/],
    [`${SSE}?tail=-1`, 400, "bad_parameter", /tail must be a whole number from 0 to 10000/],
    [`${SSE}?tail=1000000`, 400, "bad_parameter", /tail must be/],
    [`${SSE}?slow=never`, 400, "bad_parameter", /slow must be one of drop, wait/],
    [`${SSE}?after=yesterday`, 400, "bad_parameter", /after must be the cursor or id of the last record/],
    [WS, 426, "upgrade_required", /speaks WebSocket; for plain HTTP use \/api\/v1\/logs\/stream\/sse/],
    [`${LOGS}?limit=1000000`, 400, "bad_parameter", /limit must be a whole number from 0 to 10000/],
    [`${LOGS}?order=up`, 400, "bad_parameter", /order must be one of asc, desc/],
    [`${LOGS}?from=soon`, 400, "bad_parameter", /from must be a time such as/],
    [`${LOGS}?cursor=yesterday`, 400, "bad_parameter", /cursor must be the one of an earlier answer/],
    [`${LOGS}?tail=5`, 400, "unknown_parameter", /unknown parameter 'tail'/],
    [`${LOGS}/first`, 400, "bad_parameter", /the id of a record is a whole number/],
    [`${LOGS}/123456789`, 404, "no_such_record", /there is no record 123456789/],
    [`${LOGS}?search=%zz`, 400, "bad_request", /./],
];

scenario("a wrong request is answered with what is wrong and what would be right", async (s) => {
    const hub = await s.hub();
    await undisturbed(s, hub, async () => {
        for (const [path, status, code, sentence] of WRONG) {
            const answer = await hub.get(path);
            assert.equal(answer.status, status, `${path}: ${answer.text}`);
            assert.equal(answer.headers["content-type"], "application/json");
            const { error } = answer.json;
            assert.equal(error.code, code, path);
            assert.match(error.message, sentence, path);
            assert.equal(answer.headers["x-content-type-options"], "nosniff");
        }
    });
});

scenario("a wrong method is 405 with what is allowed; OPTIONS tells without asking", async (s) => {
    const hub = await s.hub();
    for (const path of [SSE, WS, "/healthz", "/metrics"]) {
        for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
            const answer = await hub.get(path, {}, { method });
            assert.equal(answer.status, 405, `${method} ${path}`);
            assert.equal(answer.headers.allow, "GET, HEAD, OPTIONS");
            assert.equal(answer.json.error.code, "method_not_allowed");
        }
        const options = await hub.get(path, {}, { method: "OPTIONS" });
        assert.equal(options.status, 204);
        assert.equal(options.headers.allow, "GET, HEAD, OPTIONS");
    }
    assert.equal((await hub.get(LOGS, {}, { method: "PUT" })).headers.allow, "GET, HEAD, POST, DELETE, OPTIONS");
    const head = await hub.get("/healthz", {}, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.text, "");
});

/* Sends bytes to the port and resolves with the answer once the hub has closed. */
async function raw(hub, bytes) {
    let answer = "";
    let closed = false;
    const socket = net.connect(hub.port, "127.0.0.1");
    socket.on("data", (piece) => (answer += piece));
    socket.on("close", () => (closed = true));
    socket.on("error", () => {});
    socket.write(bytes);
    await until(
        () => `the hub to close after ${bytes.slice(0, 40)}`,
        () => closed || answer.includes("\r\n\r\n"),
    );
    socket.destroy();
    return answer;
}

const HOST = "Host: 127.0.0.1\r\n";

scenario("what is not HTTP, or too clever HTTP, is refused", async (s) => {
    const hub = await s.hub();
    await undisturbed(s, hub, async () => {
        const cases = [
            ["\x16\x03\x01\x02\x00\x01", "400"],
            ["GET / HTTP/2.0\r\n\r\n", "505"],
            ["GET / HTTP/1.1\r\n\r\n", "400"],
            [`GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, "400"],
            [`GET / HTTP/1.1\n${HOST}\n`, "400"],
            [`GET / HTTP/1.1\r\n${HOST} folded: x\r\n\r\n`, "400"],
            [`POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, "400"],
            [`POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999\r\n\r\n`, "413"],
            [`GET /${"x".repeat(9000)} HTTP/1.1\r\n${HOST}\r\n`, "414"],
            [`GET / HTTP/1.1\r\n${HOST}X: ${"x".repeat(20000)}\r\n\r\n`, "431"],
        ];
        for (const [bytes, status] of cases) {
            const answer = await raw(hub, bytes);
            assert.ok(
                answer.startsWith(`HTTP/1.1 ${status} `),
                `${bytes.slice(0, 60)} gave ${answer.slice(0, 60)}`,
            );
        }
    });
});

scenario("a client that does not finish its request is sent away", async (s) => {
    const hub = await s.hub({ settings: { http_head_timeout: "200ms" } });
    const answer = await raw(hub, `GET / HTTP/1.1\r\n${HOST}`);
    assert.match(answer, /^HTTP\/1\.1 408 /);
});

function handshake(hub, headers) {
    const right = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    };
    return hub.get(WS, {}, { headers: { ...right, ...headers } });
}

scenario("a WebSocket handshake that is wrong, and messages nobody asked for", async (s) => {
    const hub = await s.hub();
    const wrongVersion = await handshake(hub, { "sec-websocket-version": "8" });
    assert.equal(wrongVersion.status, 426);
    assert.equal(wrongVersion.headers["sec-websocket-version"], "13");
    const wrongKey = await handshake(hub, { "sec-websocket-key": "short" });
    assert.equal(wrongKey.status, 400);

    const ws = await s.websocket(hub, { source: "child" });
    ws.socket.send("hello?");
    const answer = await ws.notice("error");
    assert.match(answer.message, /one JSON object/);
    await s.run(hub, ["--name", "child"], ["echo", "still here"]).end();
    await ws.record("still here");

    const big = await s.websocket(hub);
    big.socket.send("x".repeat(100_000));
    await until("the hub to close", () => big.closeCode !== null);
    assert.equal(big.closeCode, 1009);
});

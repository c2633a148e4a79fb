// SPDX-License-Identifier: MIT
//
// ai:explain and ai:summarize, against a stand-in that speaks the OpenAI-compatible protocol.

import assert from "node:assert/strict";
import http from "node:http";
import { IpcCaller } from "../lib/ipc.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

/** Answers with what it was asked; "fail", "garbage" and "never" in the question change that. */
async function standIn() {
    const asked = [];
    const server = http.createServer(async (req, res) => {
        let body = "";
        for await (const part of req) body += part;
        const { model, messages } = JSON.parse(body);
        asked.push({ url: req.url, key: req.headers.authorization, model, messages });
        const question = messages[1].content;
        if (question.includes("never")) return;
        if (question.includes("fail")) res.writeHead(500).end();
        else if (question.includes("garbage")) res.end("<html>");
        else res.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: `about: ${question}` } }] }));
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const close = () => {
        server.closeAllConnections();
        server.close();
    };
    return { asked, close, url: `http://127.0.0.1:${server.address().port}/v1` };
}

scenario("a text is explained, and the same one not asked again; records are summarised", async (s) => {
    const ai = await standIn();
    try {
        const hub = await s.hub({ settings: { ai: { url: ai.url, model: "small", key: "secret" } } });
        const caller = await IpcCaller.connect({ socket: hub.socket });
        const first = await caller.call("ai:explain", { text: "disk full" });
        assert.deepEqual(first.data, { text: "about: disk full", model: "small" });
        assert.deepEqual([ai.asked[0].url, ai.asked[0].key, ai.asked[0].model], [
            "/v1/chat/completions",
            "Bearer secret",
            "small",
        ]);
        const again = await caller.call("ai:explain", { text: "disk full" });
        assert.equal(again.cached, true);
        assert.equal(ai.asked.length, 1);
        const records = [{ message: "one", level: "warn" }, { message: "two", level: "error" }];
        await caller.call("logs:write", { source: "app", records });
        const summary = await caller.call("ai:summarize", { source: "app" });
        assert.equal(summary.data.text, "about: error: two\nwarn: one\n");
        for (const text of ["fail", "garbage"]) {
            const failed = await caller.call("ai:explain", { text });
            assert.equal(failed.code, "IPC_HANDLER_ERROR");
            assert.match(failed.message, /ai\.url/);
        }
        const before = ai.asked.length;
        const endless = caller.call("ai:explain", { text: "never" });
        await until("the stand-in to be asked", () => ai.asked.length > before);
        caller.cancel(endless.request);
        assert.equal((await endless).code, "IPC_CANCELLED");
        caller.close();
    } finally {
        ai.close();
    }
});

scenario("off by default: the channels do not exist", async (s) => {
    const hub = await s.hub();
    const caller = await IpcCaller.connect({ socket: hub.socket });
    assert.equal((await caller.call("ai:explain", { text: "x" })).code, "IPC_UNKNOWN_CHANNEL");
    caller.close();
});

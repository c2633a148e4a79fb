// SPDX-License-Identifier: MIT
//
// config:get, validate, set and watch: what holds, what would, and what does from now on. And every channel
// of the hub with arguments nobody would write.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";
import { IpcCaller } from "../lib/ipc.mjs";
import { rounds } from "../lib/paths.mjs";
import { until } from "../lib/wait.mjs";

const overSocket = (hub) => IpcCaller.connect({ socket: hub.socket });

scenario("what holds is told with where it comes from; secrets are not", async (s) => {
    const hub = await s.hub({ settings: { hub_name: "desk", ai: { url: "http://127.0.0.1:9/v1", key: "sesame", model: "m" } } });
    const owner = await overSocket(hub);
    const name = (await owner.call("config:get", { name: "hub_name" })).data;
    assert.equal(name.value, "desk");
    assert.equal(name.default, "logmill");
    assert.equal(name.from, "file");
    assert.ok(name.line > 0);
    assert.equal(name.when, "start");
    const all = (await owner.call("config:get")).data;
    assert.ok(all.settings.length > 40);
    assert.ok(all.file.endsWith(".yaml"));
    const key = all.settings.find((one) => one.name === "ai.key");
    assert.equal(key.value, "(hidden)");
    assert.ok(!JSON.stringify(all).includes("sesame"));
    assert.equal((await owner.call("config:get", { name: "hub_nam" })).code, "IPC_VALIDATION_ERROR");
    owner.close();
});

scenario("a value is tried before it is set, and holds at once", async (s) => {
    const hub = await s.hub();
    const owner = await overSocket(hub);
    const validate = async (name, value) => (await owner.call("config:validate", { name, value })).data;
    assert.deepEqual(await validate("journal_max", "2GiB"), { valid: true, value: "2GiB", when: "start" });
    assert.match((await validate("journal_max", "1kB")).reason, /journal_max/);
    assert.deepEqual(await validate("resume_limit", 500), { valid: true, value: "500", when: "start" });
    assert.match((await validate("auth.loopback", "all")).reason, /none, read or admin|none/);

    const told = [];
    const stream = owner.stream("config:watch", undefined, (items) => told.push(...items));
    await until("everything is told once", () => told.length > 40);
    const before = told.length;
    assert.equal((await hub.get("/api/v1/processes")).status, 401);

    const set = await owner.call("config:set", { name: "auth.loopback", value: "admin" });
    assert.equal(set.code, "OK", set.message);
    assert.equal(set.data.value, "admin");
    assert.equal(set.data.from, "call");
    await until("the watch tells", () => told.length > before);
    assert.deepEqual(told.slice(before).map((one) => [one.name, one.value]), [["auth.loopback", "admin"]]);
    assert.equal((await hub.get("/api/v1/processes")).status, 200, "it holds at once");

    hub.process.signal("SIGHUP");
    await hub.process.says(/SIGHUP: processes/);
    assert.equal((await owner.call("config:get", { name: "auth.loopback" })).data.value, "admin", "a reload keeps it");

    assert.equal((await owner.call("config:set", { name: "auth.loopback", value: null })).data.from, "default");
    assert.equal((await hub.get("/api/v1/processes")).status, 401, "taken back");

    const wrong = await owner.call("config:set", { name: "auth.loopback", value: "all" });
    assert.equal(wrong.code, "IPC_VALIDATION_ERROR");
    assert.equal(wrong.details.path, "value");
    const later = await owner.call("config:set", { name: "listen", value: "127.0.0.1:1" });
    assert.equal(later.code, "IPC_VALIDATION_ERROR");
    assert.match(later.message, /when the hub starts/);

    const audit = (await owner.call("logs:search", { q: "event:audit" })).data;
    assert.ok(audit.logs.some((r) => r.fields.action === "set" && r.fields.object === "auth.loopback"), "it is on record");
    owner.cancel(stream.request);
    await stream;
    owner.close();
});

scenario("a page without a session may not see or change the configuration", async (s) => {
    const hub = await s.hub();
    const page = await IpcCaller.connect({ url: hub.url.replace("http", "ws") + "/api/v1/ipc" });
    for (const channel of ["config:get", "config:set", "config:validate", "config:watch"])
        assert.equal((await page.call(channel, { name: "listen", value: "x" })).code, "IPC_FORBIDDEN", channel);
    page.close();
});

/* A generator with a seed, so that what fails can be repeated. */
function dice(seed) {
    let state = seed >>> 0;
    return (n) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * n);
    };
}

const NAMES = [
    "q", "level", "limit", "offset", "tail", "after", "cursor", "from", "to", "order", "count", "search", "source",
    "campaign_id", "campaignId", "user_email", "job_run_id", "name", "value", "records", "batch", "text", "group",
    "message", "stream", "ttl", "fields", "", "__proto__", "a\u0000b",
];

function wild(roll, depth = 0) {
    const texts = ["", "x", "now", "15m", "2026-01-01", "asc", "level>=warn", "(", "/(a+)+$/", '"', "\\", "ä\u{1F600}", "0.0",
        "ffffffff.9007199254740993", "x".repeat(5000), "app", "-1", "9".repeat(40)];
    const numbers = [0, 1, -1, 1e308, 2 ** 53, 1.5, 10001, 4294967296];
    switch (roll(depth > 3 ? 4 : 7)) {
        case 0: return texts[roll(texts.length)];
        case 1: return numbers[roll(numbers.length)];
        case 2: return [null, true, false][roll(3)];
        case 3: return texts[roll(texts.length)];
        case 4: return Array.from({ length: roll(4) }, () => wild(roll, depth + 1));
        default: return Object.fromEntries(Array.from({ length: roll(5) }, () => [NAMES[roll(NAMES.length)], wild(roll, depth + 1)]));
    }
}

scenario("every channel answers whatever it is asked, once, and the hub goes on", async (s) => {
    const hub = await s.hub({ settings: { ai: { url: "http://127.0.0.1:9/v1", model: "m" } } });
    const owner = await overSocket(hub);
    await owner.call("logs:write", { source: "app", records: [{ message: "one" }, { message: "two", level: "error" }] });
    const channels = Object.keys((await owner.call("system:metrics")).data.ipc.channels);
    assert.ok(channels.length >= 20, channels.join());
    const seed = Number(process.env.LOGMILL_SEED ?? 1);
    const times = rounds(40);
    const roll = dice(seed);
    for (let round = 0; round < times; round++) {
        const calls = channels.map((channel) => {
            let args = JSON.stringify(wild(roll));
            if (roll(8) === 0) args = args.slice(0, roll(args.length + 1)) + ["", "}", ",", "\u0000"][roll(4)];
            const call = owner.call(channel, args, { credit: 65536 });
            return { channel, args, call };
        });
        /* Streams without end are ended; what has been answered already is left alone. */
        await Promise.race([Promise.all(calls.map((one) => one.call)), new Promise((done) => setImmediate(done))]);
        for (const one of calls) owner.cancel(one.call.request);
        for (const one of calls) {
            const answer = await one.call;
            assert.ok(answer.code === "OK" || answer.message, `${one.channel} ${one.args}`);
        }
        assert.equal(owner.closed, false, `round ${round} of seed ${seed}`);
    }
    assert.equal((await owner.call("system:info")).data.pid, hub.pid);
    owner.close();
});

// SPDX-License-Identifier: MIT
//
// /api/v1/openapi.json against what the server does: every parameter it names is taken, no other is, and answers
// have the members it promises. And the whole interface under a prefix, or switched off.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.mjs";

/** What is wrong with a value by its schema, as a list of sentences. Only the words that the document uses. */
function faults(schema, value, root, where = "$") {
    if (schema.$ref) return faults(root.components.schemas[schema.$ref.split("/").at(-1)], value, root, where);
    const found = [];
    const types = [schema.type ?? []].flat();
    const type = value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
    if (types.length && !types.includes(type)) found.push(`${where} is ${type}, not ${types}`);
    if (schema.enum && !schema.enum.includes(value)) found.push(`${where} is ${value}, not one of ${schema.enum}`);
    for (const name of schema.required ?? []) if (!(name in (value ?? {}))) found.push(`${where} lacks ${name}`);
    for (const [name, inner] of Object.entries(schema.properties ?? {}))
        if (value && name in value) found.push(...faults(inner, value[name], root, `${where}.${name}`));
    if (schema.items && Array.isArray(value))
        value.forEach((item, i) => found.push(...faults(schema.items, item, root, `${where}[${i}]`)));
    return found;
}

/** Members that a schema requires and does not describe. */
function undefinedMembers(schema) {
    const { required = [], properties = {}, items } = schema;
    const inner = [...Object.values(properties), ...(items ? [items] : [])];
    return [...required.filter((name) => !(name in properties)), ...inner.flatMap(undefinedMembers)];
}

const SAMPLES = { bucket: "1h", key: "source", date: "2026-01-15", tz: "UTC", from: "2026-01-01", to: "1m", level: "warn" };

/** A value that this parameter takes. */
function sample({ name, schema }, cursor) {
    if (name === "cursor") return cursor;
    if (name === "q") return "hello";
    if (name === "after") return "1";
    return SAMPLES[name] ?? schema.enum?.[0] ?? (schema.type === "integer" ? 1 : "x");
}

const STREAMS = /stream|\/ipc|socket\.io|admin\/ws/;

scenario("the OpenAPI document says what the server takes and answers", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "p", "--job", "j"], ["echo", "hello"]).end();
    const answer = await hub.get("/api/v1/openapi.json");
    assert.equal(answer.status, 200);
    const doc = answer.json;
    assert.equal(doc.openapi, "3.1.0");
    const names = Object.values(doc.paths).flatMap((methods) => Object.values(methods).map((m) => m.operationId));
    assert.equal(new Set(names).size, names.length, "each operation has a name of its own");
    for (const [name, schema] of Object.entries(doc.components.schemas)) assert.deepEqual(undefinedMembers(schema), [], name);
    const { logs, pagination } = (await hub.ask("/api/v1/logs", { source: "p" })).json;
    const parts = { id: "j", name: "p" };
    let asked = 0;
    for (const [path, methods] of Object.entries(doc.paths)) {
        const get = methods.get;
        if (!get || !path.startsWith("/api/v1/") || STREAMS.test(path)) continue;
        const real = path.replace(/\/logs\/\{id\}$/, `/logs/${logs[0].id}`).replace(/\{(\w+)\}/g, (_, name) => parts[name]);
        const query = get.parameters.filter((p) => p.in === "query");
        const needed = Object.fromEntries(query.filter((p) => p.name === "key").map((p) => [p.name, "source"]));
        const plain = await hub.ask(real, needed);
        assert.ok(plain.status < 500, `${real}: ${plain.text}`);
        const { content } = get.responses["2XX"];
        const [[type, media]] = Object.entries(content);
        if (plain.status === 200 && media.schema) {
            assert.equal(plain.headers["content-type"], type, real);
            assert.deepEqual(faults(media.schema, plain.json, doc), [], real);
            asked++;
        }
        for (const p of query) {
            const with_p = await hub.ask(real, { ...needed, [p.name]: sample(p, pagination.cursor) });
            assert.ok(!with_p.text.includes("unknown_parameter"), `${real} ${p.name}`);
        }
        const odd = await hub.ask(real, { ...needed, nobody_knows: "1" });
        assert.equal(odd.status, 400, real);
        assert.equal(odd.json.error.code, "unknown_parameter", real);
        const schema = doc.components.schemas.Error;
        assert.deepEqual(faults(schema, odd.json, doc), [], real);
    }
    assert.ok(asked > 10, `${asked} answers were compared`);
});

scenario("everything lies under base_path, the page too", async (s) => {
    const hub = await s.hub({ settings: { base_path: "/tools/logs" } });
    const at = (path) => hub.get(`/tools/logs${path}`);
    assert.equal((await at("/healthz")).status, 200);
    assert.equal((await at("/api/v1/logs")).json.pagination.offset, 0);
    assert.equal((await at("/api/v1/openapi.json")).json.servers[0].url, "/tools/logs");
    const outside = await hub.get("/healthz");
    assert.equal(outside.status, 404);
    assert.match(outside.json.error.message, /this hub is at \/tools\/logs\//);
    assert.equal((await hub.get("/tools/logsx/healthz")).status, 404);
    const without = await hub.get("/tools/logs");
    assert.deepEqual([without.status, without.headers.location], [303, "/tools/logs/"]);
    const page = await at("/");
    const files = [...page.text.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map((m) => m[1]);
    assert.ok(files.length >= 2, page.text);
    for (const file of files) assert.equal((await at(`/${file}`)).status, 200, file);
    const session = await at(`/?ticket=${hub.ticket}`);
    assert.deepEqual([session.status, session.headers.location], [303, "/tools/logs/"]);
    const posted = await hub.get("/tools/logs/api/v1/logs", {}, { method: "POST", body: '{"message":"x"}' });
    assert.equal(posted.json.accepted, 1);
    const query = s.logmill(["query", "--url", `${hub.url}/tools/logs`, "x", "--count"]);
    assert.equal(await query.end(), 0);
});

scenario("http_logs: off leaves health and metrics over TCP, and everything over the local socket", async (s) => {
    const hub = await s.hub({ settings: { http_logs: "off" } });
    for (const path of ["/healthz", "/readyz", "/metrics"]) assert.equal((await hub.get(path)).status, 200, path);
    for (const path of ["/", "/api/v1/logs", "/api/v1/openapi.json", "/api/v1/logs/stream/sse", "/api/v1/processes"]) {
        const answer = await hub.get(path);
        assert.equal(answer.status, 404, path);
        assert.match(answer.json.error.message, /http_logs is off/);
    }
    const post = await hub.get("/api/v1/logs", {}, { method: "POST", body: '{"message":"x"}' });
    assert.equal(post.status, 404);
    assert.equal((await hub.ask("/api/v1/logs")).status, 200);
});

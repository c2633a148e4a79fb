// SPDX-License-Identifier: MIT
//
// TCP served with a certificate: real clients over https and wss, certificates changed while it runs,
// clients that never finish a handshake.

import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import WebSocket from "ws";
import { makeCertificate } from "../lib/certificate.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

async function hubWithTls(s, settings = {}) {
    const made = makeCertificate(s.dir);
    const hub = await s.hub({ settings: { tls: { cert: made.cert, key: made.key }, ...settings } });
    return { hub, ...made };
}

const get = (hub, ca, path, options = {}) =>
    new Promise((resolve, reject) => {
        const url = `https://127.0.0.1:${hub.port}${path}`;
        const { body, ...rest } = options;
        https
            .request(url, { ca, agent: false, ...rest }, (res) => {
                const pieces = [];
                res.on("data", (piece) => pieces.push(piece));
                res.on("end", () => resolve({ status: res.statusCode, headers: res.headers, text: `${Buffer.concat(pieces)}` }));
                res.on("error", reject);
            })
            .on("error", reject)
            .end(body);
    });

const push = (hub, ca, records) =>
    get(hub, ca, "/api/v1/logs", { method: "POST", body: records.map((r) => JSON.stringify(r)).join("\n") });

scenario("curl, https and wss see what is sent; the session's cookie is Secure", async (s) => {
    const { hub, cert, pem } = await hubWithTls(s);
    const curl = s.spawn("curl", "curl", ["-sSN", "--cacert", cert, `${hub.url}/api/v1/logs/stream/sse?slow=wait`]);
    await until("curl to be connected", () => curl.stdout.includes("retry:"));
    const got = [];
    const socket = new WebSocket(`wss://localhost:${hub.port}/api/v1/logs/stream/ws?slow=wait`, { ca: pem });
    socket.on("message", (text) => got.push(JSON.parse(text).message));
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    const lines = Array.from({ length: 2000 }, (_, i) => ({ message: `line ${i} ${"x".repeat(i % 500)}` }));
    const sent = await push(hub, pem, lines);
    assert.equal(JSON.parse(sent.text).accepted, lines.length);
    await until("all lines over wss", () => got.length === lines.length);
    assert.deepEqual(
        got,
        lines.map(({ message }) => message),
    );
    await until("all lines at curl", () => curl.stdout.includes("line 1999 "));
    socket.terminate();
    const entered = await get(hub, pem, `/?ticket=${hub.ticket}`);
    assert.equal(entered.status, 303);
    assert.match(entered.headers["set-cookie"][0], /; Secure$/);
    const large = await get(hub, pem, "/api/v1/logs?limit=10000");
    assert.equal(JSON.parse(large.text).logs.length >= 2000, true);
});

scenario("the own origin is https, and http is told so", async (s) => {
    const { hub, pem } = await hubWithTls(s);
    const from = async (origin) => (await get(hub, pem, "/healthz", { headers: { origin } })).status;
    assert.equal(await from(hub.url), 200);
    assert.equal(await from(hub.url.replace("https", "http")), 403);
    const plain = await hub.get("/healthz");
    assert.equal(plain.status, 400);
    assert.match(plain.text, /use https:\/\//);
});

scenario("SIGHUP brings a new certificate to new connections; a bad one changes nothing", async (s) => {
    const { hub, cert, key, pem } = await hubWithTls(s);
    const names = () =>
        new Promise((resolve, reject) => {
            const socket = tls.connect({ host: "127.0.0.1", port: hub.port, rejectUnauthorized: false }, () => {
                resolve(socket.getPeerCertificate().subject.CN);
                socket.destroy();
            });
            socket.on("error", reject);
        });
    const got = [];
    const socket = new WebSocket(`wss://localhost:${hub.port}/api/v1/logs/stream/ws`, { ca: pem });
    socket.on("message", (text) => got.push(JSON.parse(text).message));
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    assert.equal(await names(), "hub");
    const next = makeCertificate(s.dir, "next");
    copyFileSync(next.cert, cert);
    copyFileSync(next.key, key);
    hub.process.signal("SIGHUP");
    await hub.process.says(/The certificate .*hub\.crt was read again/);
    assert.equal(await names(), "next");
    writeFileSync(cert, "nonsense");
    hub.process.signal("SIGHUP");
    await hub.process.says(/hub\.crt cannot be used: .*the old certificate stays in use/);
    assert.equal(await names(), "next");
    await push(hub, next.pem, [{ message: "to whoever came before" }]);
    await until("the line on the old connection", () => got.includes("to whoever came before"));
    socket.terminate();
});

scenario("a hub with half a certificate, or a wrong one, does not start and says why", async (s) => {
    const { cert, key } = makeCertificate(s.dir);
    const other = makeCertificate(s.dir, "other");
    const refused = async (settings, why) => {
        const hub = s.newHub({ settings });
        hub.launch();
        assert.equal(await hub.process.end(), 1);
        assert.match(hub.process.stderr, why);
        s.hubs.splice(s.hubs.indexOf(hub), 1);
    };
    await refused({ tls: { cert } }, /TLS needs both tls\.cert and tls\.key; tls\.key is missing/);
    await refused({ tls: { cert: s.path("none.pem"), key } }, /none\.pem cannot be used: No such file or directory/);
    await refused({ tls: { cert, key: other.key } }, /does not belong to the certificate/);
});

scenario("clients that do not finish a handshake are closed, others are served meanwhile", async (s) => {
    const { hub, pem } = await hubWithTls(s, { http_head_timeout: "300ms" });
    const ends = [];
    for (const first of [Buffer.alloc(0), Buffer.from([0x16, 3, 1]), Buffer.from([0x16, 3, 1, 2, 0, 1, 0])]) {
        const socket = net.connect(hub.port, "127.0.0.1", () => socket.write(first));
        ends.push(new Promise((resolve) => socket.on("close", resolve)));
        socket.on("error", () => {});
        socket.resume();
    }
    assert.equal((await get(hub, pem, "/healthz")).status, 200);
    await Promise.all(ends);
});

scenario("the command line speaks https: whom it trusts is the system's, --ca's, or anybody", async (s) => {
    const { hub, cert, pem } = await hubWithTls(s);
    const { cert: stranger } = makeCertificate(s.dir, "stranger");
    await push(hub, pem, [{ message: "over https" }]);
    const ask = async (args, env = {}) => {
        const p = s.logmill(args, { env: { ...s.env, ...env } });
        const status = await p.end();
        return { status, out: p.stdout, err: p.stderr };
    };
    const query = ["query", "over", "--raw", "--url"];
    assert.deepEqual(await ask([...query, hub.url, "--ca", cert]), { status: 0, out: "over https\n", err: "" });
    assert.equal((await ask([...query, hub.url], { LOGMILL_CA: cert })).out, "over https\n");
    assert.equal((await ask([...query, hub.url, "--insecure"])).out, "over https\n");
    assert.equal((await ask([...query, hub.url.replace("127.0.0.1", "localhost"), "--ca", cert])).out, "over https\n");
    for (const args of [[], ["--ca", stranger]]) {
        const refused = await ask([...query, hub.url, ...args]);
        assert.notEqual(refused.status, 0);
        assert.match(refused.err, /certificate of .* is not trusted: .*; name who signed it with --ca FILE/);
    }
    const elsewhere = await ask([...query, hub.url.replace("127.0.0.1", "0.0.0.0"), "--ca", cert]);
    assert.match(elsewhere.err, /is not trusted: IP address mismatch/);
    assert.match((await ask([...query, hub.url, "--ca", s.path("none.pem")])).err, /none\.pem has no certificate that can be read/);
    assert.match((await ask(["ps", "--url", hub.url.replace("https", "http")])).err, /use https:/);

    const tail = s.logmill(["tail", "--raw", "--tail", "1", "--url", hub.url, "--ca", cert]);
    await until("tail to show what was", () => tail.stdout.includes("over https\n"));
    await push(hub, pem, [{ message: "and live" }]);
    await until("tail to follow", () => tail.stdout.includes("and live\n"));
});

// SPDX-License-Identifier: MIT
//
// scenario("a sentence", async (s) => …): a test with a stage of its own. The stage gives out hubs,
// clients and processes, all in one temporary folder, and ends what it gave out when the test ends,
// well or badly. When it ends badly, what the hubs said is printed.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CurlClient, EventSourceClient, TailClient, V1Client, WebSocketClient } from "./clients.mjs";
import { Hub } from "./hub.mjs";
import { LOGMILL } from "./paths.mjs";
import { Process } from "./process.mjs";

const TIMEOUT_MS = 60_000;

/** `skip`: why it cannot be played here. */
export function scenario(sentence, play, { timeout = TIMEOUT_MS, skip = false } = {}) {
    test(sentence, { timeout, skip }, async (t) => {
        const stage = new Stage();
        let trouble;
        try {
            await play(stage, t);
        } catch (error) {
            for (const hub of stage.hubs) t.diagnostic(`the hub said:\n${hub.story}${hub.process?.stderr ?? ""}`);
            throw error;
        } finally {
            trouble = await stage.end();
        }
        if (trouble) throw new Error(trouble);
    });
}

class Stage {
    hubs = [];
    clients = [];
    processes = [];

    constructor() {
        this.dir = mkdtempSync(join(tmpdir(), "logmill-"));
        // Nothing of the developer's own configuration gets in, save what directs sanitizers.
        this.env = { PATH: process.env.PATH, HOME: this.dir, LANG: "C.UTF-8", TZ: "UTC" };
        for (const name of ["ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"])
            if (process.env[name]) this.env[name] = process.env[name];
    }

    path(name) {
        return join(this.dir, name);
    }

    folder(name) {
        mkdirSync(this.path(name));
        return this.path(name);
    }

    /** A hub that does not run yet; a second one of a scenario needs a folder of its own as `dir`. */
    newHub(options = {}) {
        const hub = new Hub(options.dir ?? this.dir, { ...this.env, ...options.env }, options);
        this.hubs.push(hub);
        return hub;
    }

    hub(options) {
        return this.newHub(options).start();
    }

    // --- clients; those that tell when they are connected are awaited ---

    async websocket(hub, params, options) {
        return this.ready(new WebSocketClient(hub, params, options));
    }

    async v1(hub, params, options) {
        return this.ready(new V1Client(hub, params, options));
    }

    async eventSource(hub, params) {
        return this.ready(new EventSourceClient(hub, params));
    }

    async curl(hub, params, options) {
        return this.ready(new CurlClient(hub, params, { env: this.env, ...options }));
    }

    tail(hub, args, options) {
        const client = new TailClient(hub, args, { env: this.env, ...options });
        this.clients.push(client);
        return client;
    }

    async ready(client) {
        this.clients.push(client);
        await client.ready();
        return client;
    }

    // --- processes ---

    spawn(name, command, args, options) {
        const p = new Process(name, command, args, { env: this.env, ...options });
        this.processes.push(p);
        return p;
    }

    /** `logmill <args>`, e.g. one that is to fail. */
    logmill(args, options) {
        return this.spawn(`logmill ${args[0]}`, LOGMILL, args, options);
    }

    /** `logmill run [flags] -- command` against this hub, whether or not it runs. */
    run(hub, flags, command, options) {
        const where = ["--socket", hub.socket, "--state-dir", hub.stateDir, "--log-dir", hub.logDir];
        return this.logmill(["run", ...where, ...flags, "--", ...command], options);
    }

    async end() {
        for (const client of this.clients) await client.close();
        for (const p of this.processes) p.signal("SIGKILL");
        const endings = [];
        for (const hub of this.hubs) endings.push(await hub.cleanUp());
        for (const p of this.processes) await p.end().catch(() => {});
        rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
        return endings.find((trouble) => trouble);
    }
}

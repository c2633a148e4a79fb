// SPDX-License-Identifier: MIT
//
// A real hub in the scenario's folder: its own state, socket, log folder, and a free port. After a
// restart it listens where it listened before, so that clients find it again.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { query, request } from "./http.mjs";
import { LOGMILL } from "./paths.mjs";
import { Process, commandOf, statusOf } from "./process.mjs";
import { until } from "./wait.mjs";

const STOP_MS = 15_000; // longer than stop_timeout
const START_MS = 60_000; // a journal is read first, perhaps on a machine that is busy

export class Hub {
    /** What every life of this hub wrote to stderr. */
    story = "";
    process = null;
    port = 0;
    scheme = "http";

    /** `wrapper`: a command that sets limits and executes the hub, such as prlimit. */
    constructor(dir, env, { processes, settings = {}, args = [], wrapper = [], listen = "127.0.0.1" } = {}) {
        this.dir = dir;
        this.env = env;
        this.args = args;
        this.wrapper = wrapper;
        this.listen = listen;
        this.socket = join(dir, "hub.sock");
        this.stateDir = join(dir, "state");
        this.logDir = join(dir, "logs");
        this.config = join(dir, "logmill.yaml");
        this.configure(processes ? { ...settings, processes } : settings);
    }

    /** Writes the configuration for the next start. JSON is YAML. */
    configure(settings) {
        writeFileSync(this.config, JSON.stringify(settings, null, 2));
    }

    async start() {
        this.launch();
        return this.ready();
    }

    launch() {
        const [command, ...args] = [...this.wrapper, LOGMILL, ...this.serveArgs(), ...this.args];
        this.process = new Process("the hub", command, args, { env: this.env });
    }

    /** The URL is the last thing that a starting hub says. */
    async ready() {
        const [, scheme, port, ticket] = await this.process.says(
            /Open (https?):\/\/127\.0\.0\.1:(\d+)\/\?ticket=(\w+)/,
            START_MS,
        );
        this.scheme = scheme;
        this.port = Number(port);
        this.ticket = ticket;
        return this;
    }

    serveArgs() {
        return [
            "serve",
            "--config",
            this.config,
            "--listen",
            `${this.listen}:${this.port}`,
            "--state-dir",
            this.stateDir,
            "--log-dir",
            this.logDir,
            "--socket",
            this.socket,
        ];
    }

    get url() {
        return `${this.scheme}://127.0.0.1:${this.port}`;
    }

    get pid() {
        return this.process.pid;
    }

    /** Ends this life with a signal and resolves with its status. */
    async end(signal, ms) {
        this.process.signal(signal);
        const status = await this.process.end(ms);
        this.story += this.process.stderr;
        return status;
    }

    kill() {
        return this.end("SIGKILL");
    }

    stop(signal = "SIGTERM", ms) {
        return this.end(signal, ms);
    }

    // --- asking it ---

    get(path, params = {}, options = {}) {
        return request({ host: "127.0.0.1", port: this.port }, path + query(params), options);
    }

    /** Over the local socket, where the caller may do everything. */
    ask(path, params = {}, options = {}) {
        return request({ socketPath: this.socket }, path + query(params), {
            ...options,
            headers: { host: "localhost", ...options.headers },
        });
    }

    /** All records of a job run from history, page by page under one cursor. */
    async history(job, { limit = 5000, ...params } = {}) {
        const logs = [];
        let page;
        do {
            const cursor = page ? { cursor: page.pagination.cursor } : {};
            const answer = await this.get(`/api/v1/logs/job-runs/${job}`, {
                ...params,
                ...cursor,
                limit,
                offset: logs.length,
            });
            if (answer.status !== 200) throw new Error(answer.text);
            page = answer.json;
            logs.push(...page.logs);
        } while (page.pagination.count === limit);
        return { logs, total: page.pagination.total };
    }

    async processes() {
        const answer = await this.ask("/api/v1/processes");
        return Object.fromEntries(answer.json.processes.map((p) => [p.name, p]));
    }

    /** The process `name` once it is in this state. */
    processIn(name, state, ms) {
        let last;
        return until(
            () => `process ${name} to be ${state}; it is ${JSON.stringify(last)}`,
            async () => {
                last = (await this.processes())[name];
                return last?.state === state && last;
            },
            ms,
        );
    }

    /** The value of a metric without labels. */
    async metric(name) {
        const answer = await this.get("/metrics");
        return Number(new RegExp(`^logmill_${name} (\\S+)$`, "m").exec(answer.text)?.[1]);
    }

    logFile(name) {
        return readFileSync(join(this.logDir, `${name}.log`));
    }

    memoryKb() {
        return statusOf(this.pid, "VmRSS");
    }

    // --- the end of a scenario ---

    /** Ends the hub and what it started. Resolves with a sentence when it did not end as it should. */
    async cleanUp() {
        let trouble = "";
        if (this.process?.status === null) {
            this.process.signal("SIGTERM");
            const status = await this.process.end(STOP_MS).catch(() => this.end("SIGKILL"));
            if (status !== 0) trouble = `the hub, asked to stop, ended with ${status}:\n${this.process.stderr}`;
        }
        for (const { keeper, child } of this.ownKeepers()) {
            if (child) kill(child);
            kill(keeper);
        }
        return trouble;
    }

    /** Keepers of this hub that are alive, by what they left in runs/, with their children. */
    ownKeepers() {
        const runs = join(this.stateDir, "runs");
        const found = [];
        for (const file of listed(runs)) {
            const text = readText(join(runs, file));
            const keeper = Number(/^keeper_pid (\d+)$/m.exec(text)?.[1]);
            const child = Number(/^child_pid (\d+)$/m.exec(text)?.[1]);
            if (keeper && commandOf(keeper).includes(this.dir))
                found.push({ keeper, child: statusOf(child, "PPid") === keeper ? child : 0 });
        }
        return found;
    }

    keeperPids() {
        return this.ownKeepers().map(({ keeper }) => keeper);
    }
}

function listed(folder) {
    try {
        return readdirSync(folder);
    } catch {
        return [];
    }
}

function readText(path) {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return "";
    }
}

function kill(pid) {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        // it has just ended
    }
}

// SPDX-License-Identifier: MIT
//
// The storm: configured children write steadily while something is done to the hub, round after
// round. Afterwards they are asked to end, each says how many lines it wrote, and everything that
// claims to have these lines is checked against that: clients, history, plain files.

import assert from "node:assert/strict";
import { Ledger, ledgerOf } from "./ledger.mjs";
import { program } from "./paths.mjs";
import { isAlive } from "./process.mjs";
import { until } from "./wait.mjs";

const JOB = "storm";
const PATIENCE_MS = 30_000;

export class Storm {
    clients = [];

    constructor(s, { names = ["one", "two", "three"], rate = 10_000, settings = {}, clears = false } = {}) {
        this.s = s;
        this.names = names;
        this.clears = clears; // others' records are cleared meanwhile, which everybody is told in their place
        const processes = {};
        for (const name of names)
            processes[name] = { command: [program("writer"), String(rate)], labels: { job_run_id: JOB } };
        // The clients share one thread with the test; its pauses are not what is tested here.
        this.hub = s.newHub({ processes, settings: { client_lag: "32MiB", ...settings } });
    }

    /** Starts hub and children, and clients that resume: WebSocket, EventSource and tail. */
    async begin() {
        await this.hub.start();
        // On a busy machine a client may be further behind than a hub sends again unasked.
        const params = { job_run_id: JOB, after: "0", resume: "all" };
        this.follow(await this.s.websocket(this.hub, params, { resume: true }));
        this.follow(await this.s.eventSource(this.hub, params));
        this.follow(this.s.tail(this.hub, ["--job", JOB, "--after", "0"]));
        this.pids = await this.runningPids();
        return this;
    }

    /** Keeps the books of a client from its first record on. */
    follow(client) {
        client.ledger = new Ledger(client.name);
        for (const record of client.records.splice(0)) client.ledger.add(record);
        client.onRecord = (record) => client.ledger.add(record);
        this.clients.push(client);
    }

    async runningPids() {
        const pids = [];
        for (const name of this.names) pids.push((await this.hub.processIn(name, "running")).pid);
        return pids;
    }

    /** Waits until every client has seen this many more lines. */
    async blow(lines) {
        const goals = this.clients.map((client) => client.ledger.total + lines);
        await until(
            () => `clients to go on: ${this.clients.map((c, i) => `${c.name} ${c.ledger.total} of ${goals[i]}`)}`,
            () => this.clients.every((client, i) => client.ledger.total >= goals[i]),
            PATIENCE_MS,
            () => this.clients.reduce((sum, client) => sum + client.ledger.total, 0),
        );
    }

    /** Ends the hub in some way, starts it again, and finds the children it had. */
    async interrupt(endHub) {
        await endHub(this.hub);
        for (const pid of this.pids) assert.ok(isAlive(pid), `child ${pid} lives on`);
        await this.hub.start();
        assert.deepEqual(await this.runningPids(), this.pids, "the same children, none doubled");
    }

    /** Asks the children to end and checks everything. */
    async end() {
        for (const pid of this.pids) process.kill(pid, "SIGTERM");
        for (const name of this.names) await this.hub.processIn(name, "exited", PATIENCE_MS);
        this.readTotals();
        for (const client of this.clients) await this.checkClient(client);
        await this.checkHistory();
        this.checkFiles();
    }

    /** What the writers say of themselves in their last line. */
    readTotals() {
        this.totals = new Map();
        this.lines = 0;
        for (const name of this.names) {
            const [, out, err] = /^total (\d+) (\d+)$/m.exec(this.hub.logFile(name).toString());
            this.totals.set(name, { out: Number(out), err: Number(err) });
            this.lines += Number(out) + Number(err);
        }
    }

    async checkClient(client) {
        await until(
            () => `${client.name} to have all ${this.lines} lines; it has ${client.ledger.total} (${client.condition ?? ""}) and ${JSON.stringify(client.notices.slice(-3))}`,
            () => client.ledger.total >= this.lines,
            PATIENCE_MS,
            () => client.ledger.total,
        );
        this.checkLedger(client.ledger);
        const notices = client.notices.filter(({ reason }) => !(this.clears && reason === "cleared"));
        assert.deepEqual(notices, [], `${client.name}: nothing had to be declared missing`);
    }

    checkLedger(ledger) {
        ledger.assertClean();
        assert.equal(ledger.total, this.lines, ledger.name);
        for (const [name, counts] of this.totals)
            for (const pipe of ["out", "err"])
                assert.equal(ledger.last(name, pipe), counts[pipe], `${ledger.name}: ${name} ${pipe}`);
    }

    async checkHistory() {
        const { logs, total } = await this.hub.history(JOB, { limit: 10_000 });
        this.checkLedger(ledgerOf("the history", logs));
        assert.equal(total, logs.length);
        const others = logs
            .filter((r) => !/^(out|err) \d+ /.test(r.message))
            .map((r) => [r.source, r.message.split(" ")[0]]);
        const wanted = this.names.flatMap((name) => [
            [name, "total"],
            [name, "exited"],
        ]);
        assert.deepEqual(others.sort(), wanted.sort(), "besides its lines, each child has its total and its end");
    }

    checkFiles() {
        for (const [name, counts] of this.totals) {
            const lines = this.hub.logFile(name).toString().split("\n");
            for (const pipe of ["out", "err"]) {
                const numbers = lines.filter((l) => l.startsWith(`${pipe} `)).map((l) => Number(l.split(" ")[1]));
                assert.equal(numbers.length, counts[pipe], `the file of ${name}, ${pipe}`);
                assert.ok(
                    numbers.every((n, i) => n === i + 1),
                    `the file of ${name} is in order`,
                );
            }
        }
    }
}

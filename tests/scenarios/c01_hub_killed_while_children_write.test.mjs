// SPDX-License-Identifier: MIT
//
// kill -9 of the hub, again and again, while three configured children write 10,000 lines a second
// each. The children notice nothing; every line has one place in the history and in the plain files;
// clients that resume from their last cursor see every line once.

import assert from "node:assert/strict";
import { Ledger, ledgerOf } from "../lib/ledger.mjs";
import { program, rounds } from "../lib/paths.mjs";
import { isAlive } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const ROUNDS = rounds(2);
const RATE = 10_000;
const LINES_A_ROUND = RATE; // seen by every client between two kills
const NAMES = ["one", "two", "three"];

function configured(durability = "interval") {
    const processes = {};
    for (const name of NAMES)
        processes[name] = { command: [program("writer"), String(RATE)], labels: { job_run_id: "storm" } };
    // Clients share one thread with this test; their pauses are not what is tested here.
    return { processes, settings: { durability, client_lag: "32MiB" } };
}

function follow(client) {
    client.ledger = new Ledger(client.name);
    for (const record of client.records.splice(0)) client.ledger.add(record);
    client.onRecord = (record) => client.ledger.add(record);
    return client;
}

async function pidsOf(hub) {
    const found = [];
    for (const name of NAMES) found.push((await hub.processIn(name, "running")).pid);
    return found;
}

scenario(
    `${ROUNDS} times kill -9 of the hub under 30,000 lines a second: every line once`,
    async (s, t) => {
        const hub = await s.hub(configured());
        const params = { job_run_id: "storm", after: "0" };
        const clients = [
            follow(await s.websocket(hub, params, { resume: true })),
            follow(await s.eventSource(hub, params)),
            follow(s.tail(hub, ["--job", "storm", "--after", "0"])),
        ];
        const pids = await pidsOf(hub);

        for (let round = 1; round <= ROUNDS; round++) {
            await allReach(clients, LINES_A_ROUND);
            await hub.kill();
            for (const pid of pids) assert.ok(isAlive(pid), `child ${pid} lives on in round ${round}`);
            await hub.start();
            assert.deepEqual(await pidsOf(hub), pids, "the same children, none doubled");
        }
        await allReach(clients, LINES_A_ROUND);

        const totals = await endChildren(hub, pids);
        for (const client of clients) await checkClient(client, totals);
        await checkHistory(hub, totals);
        checkFiles(hub, totals);
        t.diagnostic(`${ROUNDS} kills, ${totals.sum} lines, each once for ${clients.length} clients`);
    },
    { timeout: 60_000 + ROUNDS * 15_000 },
);

function allReach(clients, more) {
    const goals = clients.map((client) => client.ledger.total + more);
    return until(
        () => `clients to go on: ${clients.map((c, i) => `${c.name} ${c.ledger.total} of ${goals[i]}`)}`,
        () => clients.every((client, i) => client.ledger.total >= goals[i]),
        30_000,
    );
}

/* SIGTERM makes a writer say how many lines there were; the plain file has that line. */
async function endChildren(hub, pids) {
    for (const pid of pids) process.kill(pid, "SIGTERM");
    const totals = { sum: 0 };
    for (const name of NAMES) {
        await hub.processIn(name, "exited", 20_000);
        const [, out, err] = /^total (\d+) (\d+)$/m.exec(hub.logFile(name).toString());
        totals[name] = { out: Number(out), err: Number(err) };
        totals.sum += totals[name].out + totals[name].err;
    }
    return totals;
}

async function checkClient(client, totals) {
    await until(
        () => `${client.name} to have all ${totals.sum} lines; it has ${client.ledger.total}`,
        () => client.ledger.total >= totals.sum,
        20_000,
    );
    client.ledger.assertClean();
    checkLasts(client.ledger, totals);
    assert.deepEqual(client.notices, [], `${client.name}: nothing had to be declared missing`);
}

function checkLasts(ledger, totals) {
    assert.equal(ledger.total, totals.sum, ledger.name);
    for (const name of NAMES)
        for (const pipe of ["out", "err"])
            assert.equal(ledger.last(name, pipe), totals[name][pipe], `${ledger.name}: ${name} ${pipe}`);
}

async function checkHistory(hub, totals) {
    const { logs, total } = await hub.history("storm", { limit: 10_000 });
    const ledger = ledgerOf("the history", logs);
    ledger.assertClean();
    checkLasts(ledger, totals);
    assert.equal(total, logs.length);
    assert.equal(logs.filter((r) => r.fields?.event === "exit").length, NAMES.length, "one exit record each");
}

function checkFiles(hub, totals) {
    for (const name of NAMES) {
        const lines = hub.logFile(name).toString().split("\n");
        for (const pipe of ["out", "err"]) {
            const numbers = lines.filter((l) => l.startsWith(`${pipe} `)).map((l) => Number(l.split(" ")[1]));
            assert.equal(numbers.length, totals[name][pipe], `the file of ${name}, ${pipe}`);
            assert.ok(numbers.every((n, i) => n === i + 1), `the file of ${name} is in order`);
        }
    }
}

// SPDX-License-Identifier: MIT
//
// A hub whose history has a damaged place.

import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { until } from "./wait.mjs";

export const JOBS = ["left", "right"];
/** Lines of each job that damagedHistory() writes. */
export const N = 24_000;

/** Two runs take turns; texts that do not compress, so that a file is texts for the most part. */
function lines() {
    const noise = () => Math.random().toString(36).slice(2).padEnd(12, "x");
    return Array.from({ length: N }, (_, i) =>
        JSON.stringify({
            message: `tick ${i} ${Array.from({ length: 14 }, noise).join(" ")}`,
            source: "clock",
            job_run_id: JOBS[i % 2],
        }),
    ).join("\n");
}

function segment(hub) {
    const history = join(hub.stateDir, "history");
    const day = readdirSync(history).find((name) => /^\d{4}-/.test(name));
    return join(history, day, readdirSync(join(history, day)).find((name) => name.endsWith(".seg")));
}

/** Turns one byte in the middle of the file. */
function damage(file) {
    const fd = openSync(file, "r+");
    const byte = Buffer.alloc(1);
    const at = Math.floor(statSync(file).size * 0.45);
    readSync(fd, byte, 0, 1, at);
    byte[0] ^= 0x10;
    writeSync(fd, byte, 0, 1, at);
    closeSync(fd);
}

/** Fills a file of the history of a hub that runs, and turns a byte of it. Returns its name. */
export async function damagedHistory(hub) {
    await hub.get("/api/v1/logs", {}, { method: "POST", body: lines() });
    await hub.get("/api/v1/logs", {}, { method: "POST", body: lines() }); // so that the file with the first ones is full
    await until("a chunk", async () => (await hub.metric("store_chunks")) === 1 && (await hub.metric("journal_unsealed")) === 0);
    const file = segment(hub);
    damage(file);
    return file;
}

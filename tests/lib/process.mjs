// SPDX-License-Identifier: MIT
//
// A process of a scenario: its output as text, its end as a promise, and signals to it alone.

import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { until } from "./wait.mjs";

export class Process {
    stdout = "";
    stderr = "";
    /** Once it has ended: its exit code, or the name of the signal that ended it. */
    status = null;

    constructor(name, command, args, options = {}) {
        this.name = name;
        const { keepOutput = true, ...how } = options;
        this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...how });
        this.pid = this.child.pid;
        this.child.stdout?.on("data", (bytes) => keepOutput && (this.stdout += bytes));
        this.child.stderr?.on("data", (bytes) => (this.stderr += bytes));
        this.ended = new Promise((resolve) => {
            this.child.once("error", (error) => {
                this.stderr += error.message;
                resolve((this.status = "not started"));
            });
            this.child.once("close", (code, signal) => resolve((this.status = code ?? signal)));
        });
    }

    signal(name) {
        if (this.status === null) this.child.kill(name);
    }

    /** Its status, awaited no longer than `ms`. */
    async end(ms = 10_000) {
        await until(
            () => `${this.name} to end\n${this.stderr}`,
            () => this.status !== null,
            ms,
        );
        return this.status;
    }

    /** The match of a pattern in what it wrote to stderr so far or soon. */
    says(pattern, ms = 10_000) {
        return until(
            () => `${this.name} to say ${pattern}; it said:\n${this.stderr}`,
            () => {
                const match = pattern.exec(this.stderr);
                if (!match && this.status !== null)
                    throw new Error(`${this.name} ended (${this.status}) without ${pattern}:\n${this.stderr}`);
                return match;
            },
            ms,
        );
    }
}

export function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}

/** A number of /proc/<pid>/status, such as VmRSS in kB; 0 when there is none. */
export function statusOf(pid, field) {
    try {
        const text = readFileSync(`/proc/${pid}/status`, "utf8");
        return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    } catch {
        return 0;
    }
}

/** Processes whose parent this is, dead ones that nobody has collected among them. */
export function childrenOf(pid) {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((child) => statusOf(child, "PPid") === pid);
}

/** The command line of a process as one text; empty when it is gone. */
export function commandOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
        return "";
    }
}

/** The processes with this text, such as the path of a scenario's own socket, in their command line. */
export function pidsOf(text) {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((pid) => pid !== process.pid && commandOf(pid).includes(text));
}

/** CPU time a process has used so far, by the kernel's account. */
export function cpuSeconds(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

// SPDX-License-Identifier: MIT
//
// The hub of an app: the one that runs on this machine, or a bundled one, started without any port.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { HubBackend, MemoryBackend, type Backend } from "./backend.js";

export interface StartOptions {
    /** Where the app keeps its data: app.getPath("userData"). */
    userData: string;
    /** The bundled program; without it, or where it cannot run, records are kept in memory only. */
    binary?: string;
    source?: string;
    /** How long records are kept: 1h, 1d, 7d, 30d, 1y. Default 7d. */
    ttl?: string;
    /** Told why records are not kept across a restart. */
    onMemoryOnly?: (reason: string) => void;
}

const START_MS = 5_000;

/** Resolves with where records go, and how to end it. Never rejects: memory is always there. */
export async function startBackend(options: StartOptions): Promise<{ backend: Backend; stop(): Promise<void> }> {
    const socket = join(options.userData, "logmill", "logmill.sock");
    let child: ChildProcess | null = null;
    try {
        if (!(await answers(socket))) child = await launch(options, socket);
    } catch (error) {
        options.onMemoryOnly?.((error as Error).message);
        return { backend: new MemoryBackend(), stop: () => Promise.resolve() };
    }
    const backend = new HubBackend(socket, options.source, options.ttl);
    const stop = async (): Promise<void> => {
        await backend.close();
        child?.kill("SIGTERM");
    };
    return { backend, stop };
}

async function launch({ binary, userData }: StartOptions, socket: string): Promise<ChildProcess> {
    if (!binary || !existsSync(binary)) throw new Error("there is no logmill program for this system in the app");
    const state = join(userData, "logmill");
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const flags = ["serve", "--listen", "none", "--socket", socket, "--state-dir", state];
    const child = spawn(binary, flags, { stdio: "ignore" });
    let failed: Error | null = null;
    child.on("error", (error) => (failed = error));
    child.on("exit", (code) => (failed ??= new Error(`logmill ended with ${code}`)));
    for (const end = Date.now() + START_MS; !failed; ) {
        if (await answers(socket)) return child;
        if (Date.now() > end) failed = new Error("logmill did not begin to answer");
        else await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGKILL");
    throw failed;
}

function answers(socket: string): Promise<boolean> {
    return new Promise((resolve) => {
        const probe = connect(socket);
        probe.on("connect", () => {
            probe.destroy();
            resolve(true);
        });
        probe.on("error", () => resolve(false));
    });
}

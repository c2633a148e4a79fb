// SPDX-License-Identifier: MIT
//
// The hub of an app: the one that runs in the app's folder, or a bundled one, started without any port
// and started again when it ends. Records that are written meanwhile wait in the sender.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { MemoryBackend, type Backend } from "./backend.js";
import { HubBackend } from "./hub_backend.js";

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
const AGAIN_MS = 200;
const AGAIN_LONGEST_MS = 30_000;

/** Resolves with where records go, and how to end it. Never rejects: memory is always there. */
export async function startBackend(options: StartOptions): Promise<{ backend: Backend; stop(): Promise<void> }> {
    const own = new OwnHub(options);
    try {
        await own.start();
    } catch (error) {
        options.onMemoryOnly?.((error as Error).message);
        return { backend: new MemoryBackend(), stop: () => Promise.resolve() };
    }
    const backend = new HubBackend(own.socket, options.source, options.ttl);
    return { backend, stop: () => backend.close().then(() => own.stop()) };
}

class OwnHub {
    readonly socket: string;
    private readonly state: string;
    private child: ChildProcess | null = null;
    private stopped = false;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private wait = AGAIN_MS;

    constructor(private readonly options: StartOptions) {
        this.state = join(options.userData, "logmill");
        this.socket = join(this.state, "logmill.sock");
    }

    /** Resolves when a hub answers, ours or that of another instance of the app. */
    async start(): Promise<void> {
        if (!(await answers(this.socket))) await this.launch();
    }

    async stop(): Promise<void> {
        this.stopped = true;
        clearTimeout(this.timer);
        const { child } = this;
        if (!child || child.exitCode !== null || child.signalCode !== null) return;
        await new Promise((resolve) => {
            child.once("exit", resolve);
            child.kill("SIGTERM");
        });
    }

    private async launch(): Promise<void> {
        const { binary } = this.options;
        if (!binary || !existsSync(binary)) throw new Error("there is no logmill program for this system in the app");
        mkdirSync(this.state, { recursive: true, mode: 0o700 });
        const child = spawn(binary, ["serve", "--listen", "none", "--socket", this.socket, "--state-dir", this.state], { stdio: "ignore" });
        let failed: Error | null = null;
        child.on("error", (error) => (failed = error));
        child.on("exit", (code, signal) => (failed ??= new Error(`logmill ended with ${code ?? signal}`)));
        for (const end = Date.now() + START_MS; !(await answers(this.socket)); await pause(20)) {
            if (Date.now() > end) failed ??= new Error("logmill did not begin to answer");
            if (!failed) continue;
            child.kill("SIGKILL");
            throw failed;
        }
        if (failed) return; // another instance of the app was quicker: its hub answers
        this.child = child;
        this.wait = AGAIN_MS;
        child.on("exit", () => this.again());
    }

    private again(): void {
        if (this.stopped) return;
        this.timer = setTimeout(() => void this.start().catch(() => this.again()), this.wait);
        this.timer.unref();
        this.wait = Math.min(2 * this.wait, AGAIN_LONGEST_MS);
    }
}

function pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
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

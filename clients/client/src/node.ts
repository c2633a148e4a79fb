// SPDX-License-Identifier: MIT
//
// What only Node can: the hub's local socket, found the way the hub chooses it.

import { existsSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Connect } from "./ipc/link.js";

export * from "./index.js";

/** The path of the hub's local socket: LOGMILL_SOCKET, else where a hub without configuration has it. */
export function defaultSocket(env: NodeJS.ProcessEnv = process.env): string {
    if (env.LOGMILL_SOCKET) return env.LOGMILL_SOCKET;
    if (env.XDG_RUNTIME_DIR && existsSync(env.XDG_RUNTIME_DIR)) return join(env.XDG_RUNTIME_DIR, "logmill.sock");
    const state = env.XDG_STATE_HOME ?? join(env.HOME ?? homedir(), ".local", "state");
    return join(state, "logmill", "logmill.sock");
}

/** Frames over the local socket at `path`. */
export function localLink(path = defaultSocket()): Connect {
    return (events) => {
        const socket = connectSocket(path);
        let reason = new Error(`the connection to ${path} was closed`);
        socket.on("connect", () => events.open());
        socket.on("data", (bytes) => events.bytes(bytes));
        socket.on("error", (error) => (reason = new Error(`${path}: ${error.message}`)));
        socket.on("close", () => events.closed(reason));
        return {
            send: (bytes) => void socket.write(bytes),
            close: () => void socket.destroy(),
        };
    };
}

// SPDX-License-Identifier: MIT
//
// What only Node can: the hub's local socket, found the way the hub chooses it.

import { existsSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { connect as connectSocket } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Connect } from "./ipc/link.js";
import { fetchPost, LogSender, type Post, type SenderOptions } from "./sender.js";

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

/** fetch() over the local socket at `path`: of an address only path and query count. A service over it, e.g.
 * `new LogStreamingService(LOCAL, { fetch: localFetch(path), transport: "sse" })`, needs no port. */
export function localFetch(path = defaultSocket()): typeof fetch {
    return (input, init = {}) =>
        new Promise((resolve, reject) => {
            const { pathname, search } = new URL(input instanceof Request ? input.url : input);
            const body = typeof init.body === "string" ? init.body : undefined;
            const headers: Record<string, string> = { ...Object.fromEntries(new Headers(init.headers)), host: "localhost" };
            if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
            const options = { socketPath: path, path: pathname + search, method: init.method ?? "GET", headers };
            const asked = request({ ...options, ...(init.signal && { signal: init.signal }) }, (answer) => resolve(responseOf(answer)));
            asked.on("error", reject);
            asked.end(body);
        });
}

/** A base address for services over a local socket. */
export const LOCAL = "http://localhost";

const WITHOUT_BODY = [204, 205, 304];

function responseOf(answer: IncomingMessage): Response {
    const { statusCode: status = 500 } = answer;
    const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const isEmpty = WITHOUT_BODY.includes(status);
    if (isEmpty) answer.resume();
    return new Response(isEmpty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), { status, headers });
}

/** POST of records over the local socket at `path`. */
export function localPost(path = defaultSocket()): Post {
    return fetchPost(`${LOCAL}/api/v1/logs`, () => Promise.resolve({}), localFetch(path));
}

export interface HubOptions extends Omit<SenderOptions, "post"> {
    /** The hub's local socket. */
    socket?: string;
    /** The hub's address; LOGMILL_URL. */
    url?: string;
    /** LOGMILL_TOKEN. */
    token?: string;
}

/** A sender to the hub that is found: what the options say, LOGMILL_SOCKET, LOGMILL_URL, the socket
 * where a hub without configuration has it, or its port on this machine. */
export function senderToHub(options: HubOptions = {}): LogSender {
    const { socket, url = process.env.LOGMILL_URL, token = process.env.LOGMILL_TOKEN } = options;
    const authorization: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
    const address = url ?? "http://127.0.0.1:8514";
    const overHttp = fetchPost(`${address.replace(/\/+$/, "")}/api/v1/logs`, () => Promise.resolve(authorization));
    const path = socket ?? (options.url ? null : (process.env.LOGMILL_SOCKET ?? (url ? null : defaultSocket())));
    const overSocket = path === null ? null : localPost(path);
    const post: Post = (body, headers, signal) =>
        path !== null && overSocket && (socket !== undefined || process.env.LOGMILL_SOCKET || existsSync(path))
            ? overSocket(body, headers, signal)
            : overHttp(body, headers, signal);
    return new LogSender({ ...options, post });
}

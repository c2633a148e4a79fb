// SPDX-License-Identifier: MIT
//
// The admin stream: what processes say and how they do, and commands to them. It is for looking at
// processes, not for keeping records: at most 100 lines a second and process, the rest suppressed
// and counted. After a lost connection it goes on where it was, at most 100 lines a process.

import { Backoff } from "./backoff.js";
import { bearerOffer } from "./bearer.js";
import { Http } from "./http.js";
import { refusedBy, type ConnectionState, type Credentials, type WebSocketClass, type WebSocketLike } from "./types.js";

export interface LogStreamData {
    id: number;
    source: string;
    level: "DEBUG" | "INFO" | "WARNING" | "ERROR";
    message: string;
    /** Seconds since 1970. */
    timestamp: number;
    process_id: string;
}

export interface ProcessStatus {
    name: string;
    state: "starting" | "running" | "stopping" | "exited" | "disconnected" | "waiting" | "failed";
    reason: string;
    pid: number | null;
    log_file: string;
    started_at: string | null;
    restarts: number;
    /** False: run by hand or left by an earlier hub; it cannot be started here. */
    configured?: boolean;
    exit: Record<string, unknown> | null;
    /** Lines that were more than 100 a second. */
    suppressed: number;
    metrics?: { lines: number; bytes: number; errors: number; suppressed: number; cpu_ms: number | null; rss_kb: number | null };
}

export interface AdminOptions extends Credentials {
    onLog?: (log: LogStreamData) => void;
    onProcess?: (status: ProcessStatus) => void;
    onState?: (state: ConnectionState) => void;
    onError?: (error: Error) => void;
    WebSocket?: WebSocketClass;
    fetch?: typeof fetch;
}

export class AdminStream {
    state: ConnectionState = { name: "closed" };
    private readonly http: Http;
    private readonly backoff = new Backoff();
    private socket: WebSocketLike | null = null;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private lastId = 0;
    private closed = true;

    constructor(
        baseUrl: string | undefined,
        private readonly options: AdminOptions = {},
    ) {
        this.http = new Http(baseUrl, options);
    }

    connect(): void {
        if (!this.closed) return;
        this.closed = false;
        void this.open();
    }

    disconnect(): void {
        this.closed = true;
        clearTimeout(this.timer);
        this.socket?.close(1000);
        this.socket = null;
        this.become({ name: "closed" });
    }

    start(name: string): void {
        this.send({ type: "start", name });
    }

    stop(name: string): void {
        this.send({ type: "stop", name });
    }

    restart(name: string): void {
        this.send({ type: "restart", name });
    }

    /** Lines below INFO as well, of one process or of all. */
    debug(on: boolean, name?: string): void {
        this.send({ type: "debug", on, ...(name !== undefined && { name }) });
    }

    private send(command: Record<string, unknown>): void {
        if (!this.socket || this.state.name !== "live") throw new Error("there is no connection to the hub");
        this.socket.send(JSON.stringify(command));
    }

    private async open(): Promise<void> {
        this.become({ name: "connecting", attempt: this.backoff.attempts + 1 });
        const refusal = await this.refusal();
        if (this.closed) return;
        if (refusal) {
            this.wait(refusal);
            return;
        }
        const token = await this.http.token();
        const socketClass = this.options.WebSocket ?? (globalThis as unknown as { WebSocket: WebSocketClass }).WebSocket;
        const params = this.lastId > 0 ? { after: this.lastId } : {};
        const offers = token ? ["logmill.admin", bearerOffer(token)] : [];
        if (!this.closed) this.listen(new socketClass(this.http.socketUrl("/api/v1/admin/ws", params), offers));
    }

    /** A WebSocket does not say why it was refused; a request of the same scope does. */
    private async refusal(): Promise<Error | null> {
        return this.http.json("/api/v1/processes").then(
            () => null,
            (error: Error) => error,
        );
    }

    private listen(socket: WebSocketLike): void {
        this.socket = socket;
        socket.onopen = () => {
            this.backoff.connected();
            this.become({ name: "live", transport: "websocket" });
        };
        socket.onmessage = ({ data }) => {
            if (this.socket === socket && typeof data === "string") this.take(data);
        };
        socket.onerror = () => undefined; // onclose follows
        socket.onclose = ({ reason }) => {
            if (this.socket === socket) this.wait(new Error(reason || "the connection was lost"));
        };
    }

    private wait(reason: Error): void {
        this.socket = null;
        if (this.closed) return;
        const attempt = this.backoff.attempts + 1;
        const refused = refusedBy(reason);
        if (refused) this.backoff.atLongest();
        const ms = this.backoff.next();
        this.options.onError?.(reason);
        this.become(refused ?? { name: "waiting", until: Date.now() + ms, attempt, reason: reason.message });
        this.timer = setTimeout(() => void this.open(), ms);
    }

    private take(text: string): void {
        try {
            const { type, data } = JSON.parse(text) as { type: string; data: unknown };
            if (type === "log_stream") {
                const log = data as LogStreamData;
                this.lastId = Math.max(this.lastId, log.id);
                this.options.onLog?.(log);
            } else if (type === "process_status") this.options.onProcess?.(data as ProcessStatus);
            else if (type === "error") this.options.onError?.(new Error(String((data as { message?: unknown })?.message ?? text)));
        } catch (error) {
            this.options.onError?.(error as Error);
        }
    }

    private become(state: ConnectionState): void {
        this.state = state;
        this.options.onState?.(state);
    }
}

// SPDX-License-Identifier: MIT
//
// A stream over WebSocket. `logmill.v1` is offered first (many records in a message, heartbeats with
// the cursor); a hub or proxy that knows only the plain contract sends one record a message. A token
// rides along as a further offer, because browsers cannot set headers here.

import { bearerOffer } from "./bearer.js";
import type { Http } from "./http.js";
import type { ControlMessage, StreamMessage, Transport, TransportEvents } from "./transport.js";
import type { WebSocketClass, WebSocketLike } from "./types.js";

const OPEN = 1;
const OPEN_MS = 10_000;

export class WsTransport implements Transport {
    readonly name = "websocket";
    private socket: WebSocketLike | null = null;
    private over = false;
    private wasOpen = false;

    constructor(
        socketClass: WebSocketClass,
        http: Http,
        params: Record<string, unknown>,
        private readonly events: TransportEvents,
    ) {
        void this.start(socketClass, http, params);
    }

    get hasHeartbeats(): boolean {
        return this.socket?.protocol === "logmill.v1";
    }

    send(message: ControlMessage): boolean {
        if (this.socket?.readyState !== OPEN) return false;
        this.socket.send(JSON.stringify(message));
        return true;
    }

    close(): void {
        this.socket?.close(1000);
        this.end(new Error("the connection was closed here"));
    }

    private async start(socketClass: WebSocketClass, http: Http, params: Record<string, unknown>): Promise<void> {
        try {
            const token = await http.token();
            if (this.over) return;
            const offers = ["logmill.v1", "logmill.plain", ...(token ? [bearerOffer(token)] : [])];
            this.listen(new socketClass(http.socketUrl("/api/v1/logs/stream/ws", params), offers));
        } catch (error) {
            this.end(error instanceof Error ? error : new Error(String(error)));
        }
    }

    private listen(socket: WebSocketLike): void {
        this.socket = socket;
        const timer = setTimeout(() => this.close(), OPEN_MS);
        socket.onopen = () => {
            clearTimeout(timer);
            this.wasOpen = true;
            this.events.open();
        };
        socket.onmessage = ({ data }) => {
            this.events.alive();
            if (typeof data === "string") this.take(data);
        };
        socket.onerror = () => undefined; // onclose follows and says as much
        socket.onclose = ({ code, reason }) => {
            clearTimeout(timer);
            this.end(new Error(reason || this.meaning(code)));
        };
    }

    private meaning(code: number): string {
        if (!this.wasOpen) return "the hub cannot be reached over WebSocket";
        return code === 1001 ? "the hub is stopping" : "the connection was lost";
    }

    private take(text: string): void {
        try {
            const message = JSON.parse(text) as StreamMessage & { logs?: unknown; cursor?: unknown };
            const cursor = typeof message.cursor === "string" ? message.cursor : null;
            const isBatch = message.type === "batch" && Array.isArray(message.logs);
            this.events.messages(isBatch ? (message.logs as StreamMessage[]) : [message], cursor);
        } catch (error) {
            this.events.unreadable(text, error as Error);
        }
    }

    private end(reason: Error): void {
        if (this.over) return;
        this.over = true;
        this.events.closed(reason);
    }
}

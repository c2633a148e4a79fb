// SPDX-License-Identifier: MIT
//
// What carries frames: a WebSocket in browsers and renderers, a local socket in Node (node.ts).

import { bearerOffer } from "../bearer.js";
import { Http } from "../http.js";
import type { Credentials, WebSocketClass, WebSocketLike } from "../types.js";

export interface LinkEvents {
    open(): void;
    bytes(bytes: Uint8Array): void;
    closed(reason: Error): void;
}

/** One connection; says `closed` exactly once. */
export interface Link {
    send(bytes: Uint8Array): void;
    close(): void;
}

/** Makes a new connection each time it is called. */
export type Connect = (events: LinkEvents) => Link;

export interface SocketOptions extends Credentials {
    /** For Node below 22: the class of a WebSocket package. */
    WebSocket?: WebSocketClass;
}

/** Frames over `/api/v1/ipc` of the hub at baseUrl, by default the origin of the page. */
export function webSocketLink(baseUrl?: string, options: SocketOptions = {}): Connect {
    const http = new Http(baseUrl, options);
    const socketClass = options.WebSocket ?? (globalThis as unknown as { WebSocket?: WebSocketClass }).WebSocket;
    if (!socketClass) throw new TypeError("this program has no WebSocket: give a class as the option WebSocket");
    return (events) => new SocketLink(socketClass, http, events);
}

class SocketLink implements Link {
    private socket: WebSocketLike | null = null;
    private over = false;

    constructor(
        socketClass: WebSocketClass,
        http: Http,
        private readonly events: LinkEvents,
    ) {
        http.token().then(
            (token) => {
                if (!this.over) this.listen(new socketClass(http.socketUrl("/api/v1/ipc"), offers(token)));
            },
            (error: unknown) => this.end(error instanceof Error ? error : new Error(String(error))),
        );
    }

    send(bytes: Uint8Array): void {
        this.socket?.send(bytes);
    }

    close(): void {
        this.socket?.close(1000);
        this.end(new Error("the connection was closed here"));
    }

    private listen(socket: WebSocketLike): void {
        this.socket = socket;
        socket.binaryType = "arraybuffer";
        socket.onopen = () => this.events.open();
        socket.onmessage = ({ data }) => {
            if (!this.over && data instanceof ArrayBuffer) this.events.bytes(new Uint8Array(data));
        };
        socket.onerror = () => undefined; // onclose follows
        socket.onclose = ({ reason }) => this.end(new Error(reason || "the connection to the hub was lost"));
    }

    private end(reason: Error): void {
        if (this.over) return;
        this.over = true;
        this.events.closed(reason);
    }
}

function offers(token: string | undefined): string[] {
    return token ? ["logmill.ipc", bearerOffer(token)] : ["logmill.ipc"];
}

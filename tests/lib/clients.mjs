// SPDX-License-Identifier: MIT
//
// Real clients: WebSocket (npm ws), EventSource (npm eventsource), curl, and `logmill tail`. Each
// resumes as its users would: EventSource and tail by themselves, WebSocket with the last id.

import { EventSource } from "eventsource";
import WebSocket from "ws";
import { query } from "./http.mjs";
import { LOGMILL } from "./paths.mjs";
import { Process } from "./process.mjs";
import { EventLines, Received } from "./received.mjs";
import { until } from "./wait.mjs";

const RETRY_MS = 50;

/** A WebSocket client; with `resume` it connects again with after=<last id> until it is closed. */
export class WebSocketClient extends Received {
    connections = 0;
    closeCode = null;

    constructor(hub, params = {}, { resume = false, ...options } = {}) {
        super("the WebSocket client");
        this.hub = hub;
        this.params = params;
        this.resume = resume;
        this.options = options;
        this.connect();
    }

    connect() {
        const params = this.lastId ? { ...this.params, after: this.lastId } : this.params;
        delete params[this.lastId ? "tail" : ""];
        const url = `ws://127.0.0.1:${this.hub.port}/api/v1/logs/stream/ws${query(params)}`;
        this.socket = new WebSocket(url, this.options);
        this.socket.on("open", () => this.connections++);
        this.socket.on("message", (text) => this.add(JSON.parse(text)));
        this.socket.on("error", (error) => (this.error = error));
        this.socket.on("close", (code) => this.onClose(code));
    }

    onClose(code) {
        this.closeCode = code;
        if (this.resume) this.timer = setTimeout(() => this.connect(), RETRY_MS);
    }

    ready() {
        return until(
            () => `a WebSocket connection (${this.error})`,
            () => this.connections > 0,
        );
    }

    close() {
        this.resume = false;
        clearTimeout(this.timer);
        this.socket.terminate();
    }
}

/** A WebSocket client on logmill.v1: subscriptions by name ("" is the URL's), answers by id. */
export class V1Client {
    messages = [];
    closeCode = null;
    asked = 0;

    constructor(hub, params = {}, options = {}) {
        const url = `ws://127.0.0.1:${hub.port}/api/v1/logs/stream/ws${query(params)}`;
        this.socket = new WebSocket(url, ["logmill.v1"], options);
        this.socket.on("message", (text) => this.messages.push(JSON.parse(text)));
        this.socket.on("error", (error) => (this.error = error));
        this.socket.on("close", (code) => (this.closeCode = code));
    }

    ready() {
        return this.message((m) => m.type === "hello");
    }

    /** The first message that fits. */
    message(fits, ms) {
        return until(
            () => `a message ${fits}; there are ${JSON.stringify(this.messages.slice(-10))} ${this.error ?? ""}`,
            () => this.messages.find(fits),
            ms,
        );
    }

    /** Sends a message and resolves with its answer. */
    ask(message) {
        const id = ++this.asked;
        this.socket.send(JSON.stringify({ ...message, id }));
        return this.message((m) => m.id === id);
    }

    /** The records of a subscription so far. */
    records(sub) {
        return this.messages.filter((m) => m.type === "batch" && m.sub === sub).flatMap((m) => m.logs);
    }

    texts(sub) {
        return this.records(sub).map((r) => r.message);
    }

    close() {
        this.socket.terminate();
    }
}

export class EventSourceClient extends Received {
    connections = 0;

    constructor(hub, params = {}) {
        super("the EventSource client");
        this.source = new EventSource(`${hub.url}/api/v1/logs/stream/sse${query(params)}`);
        this.source.onopen = () => this.connections++;
        this.source.onerror = ({ code, message }) => (this.error = `${code ?? ""} ${message ?? ""}`.trim());
        for (const type of ["log", "dropped", "gap"])
            this.source.addEventListener(type, (event) => {
                this.cursor = event.lastEventId;
                this.add(JSON.parse(event.data));
            });
    }

    /** How it does, for those who wait in vain. */
    get condition() {
        const state = ["connecting", "open", "closed"][this.source.readyState];
        return `${state}, ${this.connections} connections, behind ${this.cursor}, last error: ${this.error ?? "none"}`;
    }

    ready() {
        return until("an EventSource connection", () => this.connections > 0);
    }

    close() {
        this.source.close();
    }
}

/** `curl -N`: the bytes of the event stream as they come, with any header. */
export class CurlClient extends Received {
    text = "";

    constructor(hub, params = {}, { headers = {}, env } = {}) {
        super("curl");
        const flags = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
        const url = `${hub.url}/api/v1/logs/stream/sse${query(params)}`;
        const events = new EventLines((event) => {
            this.cursor = event.id ?? this.cursor;
            if (event.data) this.add(JSON.parse(event.data));
        });
        this.process = new Process("curl", "curl", ["-sSN", ...flags, url], { env, keepOutput: false });
        this.process.child.stdout.on("data", (bytes) => {
            this.text += bytes;
            events.feed(bytes.toString());
        });
    }

    ready() {
        return until("curl to be connected", () => this.text.includes("retry:"));
    }

    close() {
        this.process.signal("SIGKILL");
        return this.process.end();
    }
}

/** `logmill tail --json`, or with other flags; then only its text is kept. */
export class TailClient extends Received {
    text = "";

    constructor(hub, args = [], { json = true, env } = {}) {
        super("logmill tail");
        const flags = json ? ["--json", ...args] : args;
        this.process = new Process("logmill tail", LOGMILL, ["tail", "--socket", hub.socket, ...flags], {
            env,
            keepOutput: false,
        });
        let rest = "";
        this.process.child.stdout.setEncoding("utf8");
        this.process.child.stdout.on("data", (piece) => {
            if (!json) {
                this.text += piece;
                return;
            }
            const lines = (rest + piece).split("\n");
            rest = lines.pop();
            for (const line of lines) this.add(JSON.parse(line));
        });
    }

    get lines() {
        return this.text.split("\n");
    }

    shows(text) {
        return until(
            () => `tail to show "${text}"; it shows:\n${this.text}`,
            () => this.text.includes(text),
        );
    }

    close() {
        this.process.signal("SIGKILL");
        return this.process.end();
    }
}

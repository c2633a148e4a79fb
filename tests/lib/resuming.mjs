// SPDX-License-Identifier: MIT
//
// Clients that are cut and come back as their users would: with the last id or cursor they have. What
// each has shown, and what it was told is missing, is kept by id.

import { EventSource } from "eventsource";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { query } from "./http.mjs";
import { IpcCaller } from "./ipc.mjs";
import { LOGMILL } from "./paths.mjs";
import { Process } from "./process.mjs";

const RETRY_MS = 20;

class Resuming {
    ids = new Set();
    doubled = [];
    holes = []; // [from, to] that were declared
    disordered = [];
    lastId = 0;
    connections = 0;
    trail = []; // how it came to the first record that came twice

    constructor(name, params) {
        this.name = name;
        this.params = params;
    }

    take(record) {
        if (record.type === "dropped") this.holes.push([record.from, record.to]);
        else if (record.type === "gap") this.holes.push([record.after + 1, record.next - 1]);
        if (record.type) return;
        if (this.ids.has(record.id)) {
            this.note(`${record.id} again, after ${this.lastId}`);
            this.doubled.push(record.id);
        }
        if (record.id <= this.lastId) this.disordered.push(record.id);
        this.ids.add(record.id);
        this.lastId = record.id;
    }

    note(what) {
        if (this.doubled.length) return;
        this.trail.push(what);
        if (this.trail.length > 20) this.trail.shift();
    }

    /** Away, as a laptop that is closed, until `wakes` is done. */
    async sleepUntil(wakes) {
        this.leave();
        await wakes;
        this.connect();
    }

    get where() {
        this.note(`asks after ${this.lastId}`);
        return this.lastId ? { ...this.params, after: this.lastId } : { ...this.params, after: "0" };
    }

    /** Ids that were neither shown nor declared missing; `published` is in order. */
    unaccounted(published) {
        const holes = [...this.holes].sort(([a], [b]) => a - b);
        let next = 0;
        let declared = 0; // up to here
        return published.filter((id) => {
            for (; next < holes.length && holes[next][0] <= id; next++) declared = Math.max(declared, holes[next][1]);
            return id > declared && !this.ids.has(id);
        });
    }
}

export class ResumingWebSocket extends Resuming {
    constructor(proxy, params, v1 = false) {
        super(v1 ? "logmill.v1" : "WebSocket", params);
        this.proxy = proxy;
        this.v1 = v1;
        this.connect();
    }

    connect() {
        const url = `ws://127.0.0.1:${this.proxy.port}/api/v1/logs/stream/ws${query(this.where)}`;
        const socket = new WebSocket(url, this.v1 ? ["logmill.v1"] : []);
        this.socket = socket;
        socket.on("open", () => this.connections++);
        socket.on("message", (text) => {
            if (socket !== this.socket) return; // what a killed one had still got was not seen
            const message = JSON.parse(text);
            if (message.type === "batch") message.logs.forEach((r) => this.take(r));
            else this.take(message);
        });
        socket.on("error", () => {});
        socket.on("close", () => {
            if (socket === this.socket) this.timer = setTimeout(() => this.connect(), RETRY_MS);
        });
    }

    cut() {
        this.socket?.terminate();
    }

    leave() {
        const socket = this.socket;
        this.socket = null;
        clearTimeout(this.timer);
        socket?.terminate();
    }

    close() {
        this.leave();
    }
}

/** EventSource resumes by itself; a killed client makes a new one with the last event's id. */
export class ResumingEventSource extends Resuming {
    constructor(proxy, params) {
        super("EventSource", params);
        this.proxy = proxy;
        this.connect();
    }

    connect() {
        this.source = new EventSource(`${this.proxy.url}/api/v1/logs/stream/sse${query(this.where)}`);
        this.source.onopen = () => this.connections++;
        for (const type of ["log", "dropped", "gap"])
            this.source.addEventListener(type, (event) => this.take(JSON.parse(event.data)));
        this.source.onerror = () => {
            if (this.source.readyState === EventSource.CLOSED)
                this.timer = setTimeout(() => this.connect(), RETRY_MS);
        };
    }

    cut() {
        this.leave();
        this.connect();
    }

    leave() {
        clearTimeout(this.timer);
        this.source.close();
    }

    close() {
        this.leave();
    }
}

export class ResumingSocketIo extends Resuming {
    constructor(proxy, params, options = {}) {
        super(`Socket.IO ${options.transports ?? "by default"}`, params);
        this.socket = io(proxy.url, {
            forceNew: true,
            reconnectionDelay: RETRY_MS,
            reconnectionDelayMax: RETRY_MS,
            auth: (next) => {
                // What the library had received when it was cut, and not shown, it would show now: the hub sends it again.
                this.socket.receiveBuffer = [];
                next(this.where);
            },
            ...options,
        });
        this.socket.on("connect", () => {
            this.connections++;
            this.note(`${this.socket.id} connected`);
        });
        this.socket.on("disconnect", (why) => this.note(`disconnected: ${why}`));
        this.socket.on("log", (record) => this.take(record));
    }

    cut() {
        this.note("cut");
        this.socket.io.engine?.close();
    }

    leave() {
        this.note("left");
        this.socket.disconnect();
    }

    connect() {
        this.socket.connect();
    }

    close() {
        this.socket.close();
    }
}

/** `logmill tail` over the Unix socket, killed and started again. */
export class ResumingTail extends Resuming {
    constructor(hub, job, env) {
        super("tail over the Unix socket", {});
        this.hub = hub;
        this.job = job;
        this.env = env;
        this.connect();
    }

    connect() {
        const args = ["tail", "--json", "--socket", this.hub.socket, "--job", this.job, "--after", `${this.lastId}`];
        this.process = new Process("logmill tail", LOGMILL, args, { env: this.env, keepOutput: false });
        this.connections++;
        let rest = "";
        const current = this.process;
        current.ended.then(() => {
            if (current === this.process) this.timer = setTimeout(() => this.connect(), RETRY_MS);
        });
        this.process.child.stdout.setEncoding("utf8");
        this.process.child.stdout.on("data", (piece) => {
            if (current !== this.process) return;
            const lines = (rest + piece).split("\n");
            rest = lines.pop();
            for (const line of lines) this.take(JSON.parse(line));
        });
    }

    cut() {
        this.leave();
        this.connect();
    }

    leave() {
        const last = this.process;
        this.process = null;
        clearTimeout(this.timer);
        last.signal("SIGKILL");
        return last.end();
    }

    close() {
        return this.leave();
    }
}

/** `logs:subscribe` in frames over the Unix socket. */
export class ResumingIpc extends Resuming {
    constructor(hub, params) {
        super("IPC over the Unix socket", params);
        this.hub = hub;
        this.connect();
    }

    connect() {
        const mine = (this.turn = {});
        const again = () => {
            if (mine === this.turn) this.timer = setTimeout(() => this.connect(), RETRY_MS);
        };
        IpcCaller.connect({ socket: this.hub.socket }).then((caller) => {
            if (mine !== this.turn) return caller.close();
            this.caller = caller;
            this.connections++;
            const show = (items) => mine === this.turn && items.forEach((r) => r.type !== "subscribed" && this.take(r));
            caller.stream("logs:subscribe", this.where, show).then(again);
        }, again);
    }

    cut() {
        this.caller?.close();
    }

    leave() {
        this.turn = null;
        clearTimeout(this.timer);
        this.caller?.close();
    }

    close() {
        this.leave();
    }
}

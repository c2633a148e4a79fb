// SPDX-License-Identifier: MIT
//
// A parser of server-sent events for the pieces that fetch() delivers. Unlike the browser's own
// EventSource it shows comments with an id (the hub's heartbeats), so that the place to resume from
// moves on although no line matched. A piece may end anywhere, also between CR and LF.

export interface SseEvent {
    type: string; // "message" when the server named none
    data: string | null; // null: no data field, as in a heartbeat
    id: string | null; // null: no id field in this event
}

export interface SseHandlers {
    event(event: SseEvent): void;
    retry?(ms: number): void;
}

export class SseParser {
    private rest = "";
    private type = "";
    private data: string | null = null;
    private id: string | null = null;

    constructor(private readonly handlers: SseHandlers) {}

    feed(piece: string): void {
        const text = this.rest === "" ? piece : this.rest + piece;
        let start = 0;
        for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", start)) {
            this.line(text.slice(start, at > start && text[at - 1] === "\r" ? at - 1 : at));
            start = at + 1;
        }
        this.rest = start === 0 ? text : text.slice(start);
    }

    private line(line: string): void {
        if (line === "") {
            this.dispatch();
            return;
        }
        const colon = line.indexOf(":");
        if (colon === 0) return;
        const name = colon < 0 ? line : line.slice(0, colon);
        const skip = line[colon + 1] === " " ? 2 : 1;
        this.field(name, colon < 0 ? "" : line.slice(colon + skip));
    }

    private field(name: string, value: string): void {
        if (name === "data") this.data = this.data === null ? value : `${this.data}\n${value}`;
        else if (name === "id") {
            if (!value.includes("\0")) this.id = value;
        } else if (name === "event") this.type = value;
        else if (name === "retry" && /^\d+$/.test(value)) this.handlers.retry?.(Number(value));
    }

    private dispatch(): void {
        const event = { type: this.type || "message", data: this.data, id: this.id };
        this.type = "";
        this.data = null;
        this.id = null;
        if (event.data !== null || event.id !== null) this.handlers.event(event);
    }
}

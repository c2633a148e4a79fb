// SPDX-License-Identifier: MIT
//
// What a client has received: records in order, and notices (records with a `type`) apart.

import { until } from "./wait.mjs";

export class Received {
    records = [];
    notices = [];
    count = 0;
    lastId = 0;
    /** Set by those who look at each record as it comes; then `records` stays empty. */
    onRecord = null;

    constructor(name) {
        this.name = name;
    }

    add(record) {
        if (record.type) {
            this.notices.push(record);
            return;
        }
        this.count++;
        this.lastId = record.id;
        if (this.onRecord) this.onRecord(record);
        else this.records.push(record);
    }

    get messages() {
        return this.records.map((r) => r.message);
    }

    get ids() {
        return this.records.map((r) => r.id);
    }

    /** The first record that fits; `fits` is a function or the message. */
    record(fits, ms) {
        const test = typeof fits === "function" ? fits : (r) => r.message === fits;
        return until(
            () => `${this.name} to receive ${fits}; it has ${JSON.stringify(this.messages.slice(-20))}`,
            () => this.records.find(test),
            ms,
        );
    }

    notice(type, ms) {
        return until(
            () => `${this.name} to receive a notice "${type}"`,
            () => this.notices.find((n) => n.type === type),
            ms,
        );
    }
}

/** Splits a stream of text into server-sent events. */
export class EventLines {
    rest = "";
    event = { type: "message", data: "", id: null };

    constructor(onEvent) {
        this.onEvent = onEvent;
    }

    feed(text) {
        const lines = (this.rest + text).split("\n");
        this.rest = lines.pop();
        for (const line of lines) this.line(line);
    }

    line(line) {
        if (line === "") {
            this.onEvent(this.event);
            this.event = { type: "message", data: "", id: this.event.id };
        } else if (line.startsWith("event: ")) this.event.type = line.slice(7);
        else if (line.startsWith("data: ")) this.event.data += line.slice(6);
        else if (line.startsWith("id: ")) this.event.id = line.slice(4);
    }
}

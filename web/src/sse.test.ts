// SPDX-License-Identifier: MIT
import { describe, expect, it } from "vitest";
import { SseParser, type SseEvent } from "./sse";

function parse(pieces: string[]): { events: SseEvent[]; retries: number[] } {
    const events: SseEvent[] = [];
    const retries: number[] = [];
    const parser = new SseParser({
        event: (event) => events.push(event),
        retry: (ms) => retries.push(ms),
    });
    for (const piece of pieces) parser.feed(piece);
    return { events, retries };
}

const STREAM =
    "retry: 300\n\n" +
    'event: log\nid: 5eed0001.1\ndata: {"id":1,"message":"a: b"}\n\n' +
    ": hb\nid: 5eed0001.7\n\n" +
    "event: dropped\r\nid: 5eed0001.9\r\ndata: one\r\ndata: two\r\n\r\n" +
    "data\nid:no space\n\n" +
    "data: never finished";

const EVENTS: SseEvent[] = [
    { type: "log", data: '{"id":1,"message":"a: b"}', id: "5eed0001.1" },
    { type: "message", data: null, id: "5eed0001.7" },
    { type: "dropped", data: "one\ntwo", id: "5eed0001.9" },
    { type: "message", data: "", id: "no space" },
];

describe("SseParser", () => {
    it("gives events, heartbeats with their id, and the retry hint", () => {
        expect(parse([STREAM])).toEqual({ events: EVENTS, retries: [300] });
    });

    it("gives the same wherever the stream is cut in two", () => {
        for (let cut = 0; cut <= STREAM.length; cut += 1)
            expect(parse([STREAM.slice(0, cut), STREAM.slice(cut)]).events).toEqual(EVENTS);
    });

    it("gives the same when every character comes alone", () => {
        expect(parse([...STREAM]).events).toEqual(EVENTS);
    });

    it("does not fire for empty lines between events, nor move on before one is complete", () => {
        expect(parse(["\n\n\nid: x\ndata: y\n"]).events).toEqual([]);
    });

    it("ignores an id with a NUL and a retry that is no number", () => {
        const { events, retries } = parse(["id: a\0b\nretry: soon\ndata: z\n\n"]);
        expect(events).toEqual([{ type: "message", data: "z", id: null }]);
        expect(retries).toEqual([]);
    });
});

// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVERYTHING } from "./filter";
import { LogStream, SILENCE_MS, waitBefore, type Connection, type World } from "./stream";

/** A hub whose answers the test writes; each request waits for its turn. */
class Hub {
    urls: string[] = [];
    states: Connection[] = [];
    seen: string[] = [];
    private controllers: ReadableStreamDefaultController<Uint8Array>[] = [];
    answer: () => Response | Error = () => this.open();

    readonly world: World = {
        fetch: async (url, init) => {
            this.urls.push(url);
            const answer = this.answer();
            if (answer instanceof Error) throw answer;
            const signal = init.signal as AbortSignal;
            const controller = this.controllers.at(-1);
            signal.addEventListener("abort", () => {
                try {
                    controller?.error(signal.reason);
                } catch {
                    // Ended already.
                }
            });
            return answer;
        },
        now: () => Date.now(),
        random: () => 0.5,
    };
    readonly stream = new LogStream(
        {
            event: (event, cursor) => this.seen.push(`${event.data ?? "-"}@${cursor ?? ""}`),
            connection: (state) => this.states.push(state),
        },
        this.world,
    );

    private open(): Response {
        const body = new ReadableStream<Uint8Array>({ start: (c) => void this.controllers.push(c) });
        return new Response(body);
    }

    async send(text: string): Promise<void> {
        this.controllers.at(-1)?.enqueue(new TextEncoder().encode(text));
        await vi.advanceTimersByTimeAsync(20);
    }

    async cut(): Promise<void> {
        this.controllers.at(-1)?.error(new TypeError("network error"));
        await vi.advanceTimersByTimeAsync(0);
    }

    get state(): Connection {
        return this.states.at(-1) as Connection;
    }
}

describe("LogStream", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());
    const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

    it("asks for the newest lines, then goes on after the last cursor", async () => {
        const hub = new Hub();
        hub.stream.open({ ...EVERYTHING, level: "warn", job: "a b" });
        await settle();
        expect(hub.urls).toEqual(["api/v1/logs/stream/sse?job_run_id=a+b&level=warn&tail=500"]);
        expect(hub.state.name).toBe("live");
        await hub.send("event: log\nid: e.1\ndata: x\n\n: hb\nid: e.9\n\nevent: log\nid: e.10\ndata: half");
        expect(hub.seen).toEqual(["x@e.1", "-@e.9"]);
        await hub.cut();
        expect(hub.state).toMatchObject({ name: "waiting", reason: "the connection was lost" });
        await settle(1000);
        expect(hub.urls[1]).toBe("api/v1/logs/stream/sse?job_run_id=a+b&level=warn&after=e.9");
        expect(hub.state.name).toBe("live");
        hub.stream.close();
    });

    it("waits longer after each failure and starts over after a success", async () => {
        const hub = new Hub();
        hub.answer = () => new TypeError("refused");
        hub.stream.open(EVERYTHING);
        await settle(60_000);
        const failed = hub.urls.length;
        expect(failed).toBeGreaterThan(6);
        expect(failed).toBeLessThan(14);
        hub.stream.retryNow();
        await settle(1);
        expect(hub.urls.length).toBe(failed + 1);
        hub.stream.close();
        await settle(60_000);
        expect(hub.urls.length).toBe(failed + 1);
    });

    it("takes a silent stream for dead", async () => {
        const hub = new Hub();
        hub.stream.open(EVERYTHING);
        await settle();
        await hub.send(": hb\nid: e.1\n\n");
        await settle(SILENCE_MS - 1000);
        expect(hub.state.name).toBe("live");
        await settle(3000);
        expect(hub.urls).toHaveLength(2);
        expect(hub.urls[1]).toContain("after=e.1");
        hub.stream.close();
    });

    it("says what the hub said when it refuses", async () => {
        const hub = new Hub();
        hub.answer = () =>
            new Response('{"error":{"code":"bad_parameter","message":"no such level"}}', { status: 400 });
        hub.stream.open(EVERYTHING);
        await settle();
        expect(hub.state).toMatchObject({ name: "waiting", reason: "HTTP 400: no such level" });
        await settle(5000);
        expect(hub.urls).toHaveLength(1);
        hub.stream.close();
    });

    it("drops what an abandoned stream still had under way", async () => {
        const hub = new Hub();
        hub.stream.open(EVERYTHING);
        await settle();
        await hub.send("id: e.1\ndata: old\n\n");
        hub.stream.open({ ...EVERYTHING, search: "new" });
        await settle();
        await hub.send("id: e.5\ndata: new\n\n");
        expect(hub.seen).toEqual(["old@e.1", "new@e.5"]);
        expect(hub.urls[1]).toContain("search=new&tail=500");
        hub.stream.close();
    });

    it("spreads its waits and limits them", () => {
        expect(waitBefore(0, 300, 0)).toBe(150);
        expect(waitBefore(0, 300, 1)).toBe(300);
        expect(waitBefore(99, 300, 1)).toBe(15_000);
    });
});

// SPDX-License-Identifier: MIT
//
// A stream over server-sent events, read with fetch(): headers can be set, and heartbeats, which
// EventSource hides, move the cursor on. Long pieces are taken in slices, so that a page can draw
// in between.

import type { Http } from "./http.js";
import { SseParser, type SseEvent } from "./sse.js";
import type { StreamMessage, Transport, TransportEvents } from "./transport.js";

const SLICE_MS = 8;

export class SseTransport implements Transport {
    readonly name = "sse";
    readonly hasHeartbeats = true;
    private readonly stop = new AbortController();
    private batch: StreamMessage[] = [];
    private cursor: string | null = null;

    constructor(
        private readonly http: Http,
        params: Record<string, unknown>,
        private readonly events: TransportEvents,
    ) {
        void this.run(params);
    }

    send(): boolean {
        return false;
    }

    close(): void {
        this.stop.abort();
    }

    private async run(params: Record<string, unknown>): Promise<void> {
        let reason = new Error("the hub ended the stream");
        try {
            const response = await this.http.request("/api/v1/logs/stream/sse", params, {
                headers: { Accept: "text/event-stream" },
                cache: "no-store",
                signal: this.stop.signal,
            });
            this.events.open();
            await this.read(response.body as ReadableStream<Uint8Array>);
        } catch (error) {
            reason = error instanceof Error ? error : new Error(String(error));
        }
        this.flush();
        this.stop.abort();
        this.events.closed(reason);
    }

    private async read(body: ReadableStream<Uint8Array>): Promise<void> {
        const parser = new SseParser({
            event: (event) => this.take(event),
            retry: (ms) => this.events.retry(ms),
        });
        const decoder = new TextDecoder();
        const reader = body.getReader();
        let sliceEnd = performance.now() + SLICE_MS;
        for (;;) {
            const { done, value } = await reader.read();
            if (done || this.stop.signal.aborted) return;
            this.events.alive();
            parser.feed(decoder.decode(value, { stream: true }));
            this.flush();
            if (performance.now() < sliceEnd) continue;
            await new Promise((resolve) => setTimeout(resolve, 0));
            sliceEnd = performance.now() + SLICE_MS;
        }
    }

    private take(event: SseEvent): void {
        if (event.id !== null) this.cursor = event.id;
        if (event.data === null) return;
        try {
            this.batch.push(JSON.parse(event.data) as StreamMessage);
        } catch (error) {
            this.events.unreadable(event.data, error as Error);
        }
    }

    private flush(): void {
        if (this.stop.signal.aborted || (this.batch.length === 0 && this.cursor === null)) return;
        const batch = this.batch;
        const cursor = this.cursor;
        this.batch = [];
        this.cursor = null;
        this.events.messages(batch, cursor);
    }
}

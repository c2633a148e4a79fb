// SPDX-License-Identifier: MIT
//
// The worker behind worker_stream.ts: connects, parses, packs. Timers of a worker also run while the
// page is hidden, so the silence of a dead hub is noticed then, too.

import { LogStreamingService, type LogMessage, type LogStreamer } from "@logmill/client";
import { buffersOf, packRows } from "./row_batch.js";
import type { Order, Report } from "./worker_stream.js";

const BATCH_MS = 16; // a frame: who draws no more often needs to hear no more often
const TELL_MS = 8; // no more often, too, when the page shows several streams
/** Rows on their way to the page: beyond AHEAD the hub is to wait, until few are left. */
const AHEAD = 40_000;
const FEW = 10_000;

interface Scope {
    postMessage(reports: Report[], transfer: ArrayBuffer[]): void;
    onmessage: ((event: { data: Order }) => void) | null;
}

/** A report that waits to be sent; records are packed when they go. */
type Waiting = Report | { say: "records"; stream: number; logs: LogMessage[] };

class Desk {
    private waiting: Waiting[] = [];
    private timer: ReturnType<typeof setTimeout> | undefined;
    private toldAt = Number.NEGATIVE_INFINITY;

    constructor(private readonly scope: Scope) {}

    records(stream: number, logs: readonly LogMessage[]): void {
        const last = this.waiting.at(-1);
        if (last?.say === "records" && last.stream === stream) for (const log of logs) last.logs.push(log);
        else this.tell({ say: "records", stream, logs: [...logs] });
    }

    tell(report: Waiting): void {
        const last = this.waiting.at(-1);
        // Only the newest place is of interest.
        if (report.say === "cursor" && last?.say === "cursor" && last.stream === report.stream) this.waiting.pop();
        this.waiting.push(report);
        this.timer ??= setTimeout(() => this.send(), this.toldAt + TELL_MS - performance.now());
    }

    private send(): void {
        this.timer = undefined;
        this.toldAt = performance.now();
        const buffers: ArrayBuffer[] = [];
        const reports = this.waiting.map((report): Report => {
            if (report.say !== "records") return report;
            const batch = packRows(report.logs);
            buffers.push(...buffersOf(batch));
            return { say: "rows", stream: report.stream, batch };
        });
        this.waiting = [];
        this.scope.postMessage(reports, buffers);
    }
}

class Streams {
    private readonly open = new Map<number, { streamer: LogStreamer; ahead: number; paused: boolean }>();

    constructor(private readonly desk: Desk) {}

    take(order: Order): void {
        if (order.do === "open") this.begin(order);
        else if (order.do === "taken") this.taken(order.stream, order.rows);
        else if (order.do === "connect") this.open.get(order.stream)?.streamer.connect();
        else this.close(order.stream);
    }

    private begin({ stream, baseUrl, token, filter, place }: Order & { do: "open" }): void {
        const service = new LogStreamingService(baseUrl, token === null ? {} : { token });
        const { desk } = this;
        const streamer = service.streamAllLogs({
            ...filter,
            ...place,
            batchMs: BATCH_MS,
            onBatch: (logs) => this.came(stream, logs),
            onCursor: (cursor) => desk.tell({ say: "cursor", stream, cursor }),
            onDropped: (notice) => desk.tell({ say: "notice", stream, notice }),
            onGap: (notice) => desk.tell({ say: "notice", stream, notice }),
            onError: (error) => desk.tell({ say: "error", stream, message: error.message }),
            onState: (state) => {
                const known = this.open.get(stream);
                if (known) known.paused = false; // a new connection begins unpaused
                desk.tell({ say: "state", stream, state });
            },
        });
        this.open.set(stream, { streamer, ahead: 0, paused: false });
    }

    private came(stream: number, logs: readonly LogMessage[]): void {
        this.desk.records(stream, logs);
        const known = this.open.get(stream);
        if (!known) return;
        known.ahead += logs.length;
        if (known.ahead > AHEAD && !known.paused) known.paused = known.streamer.pause();
    }

    private taken(stream: number, rows: number): void {
        const known = this.open.get(stream);
        if (!known) return;
        known.ahead -= rows;
        if (known.paused && known.ahead < FEW) known.paused = !known.streamer.resume();
    }

    private close(stream: number): void {
        const known = this.open.get(stream);
        this.open.delete(stream);
        known?.streamer.disconnect();
    }
}

const scope = globalThis as unknown as Scope;
const streams = new Streams(new Desk(scope));
scope.onmessage = ({ data }) => streams.take(data);

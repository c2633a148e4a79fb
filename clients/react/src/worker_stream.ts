// SPDX-License-Identifier: MIT
//
// Streams whose connection, parsing and waiting live in a worker. The page is told in batches, at most
// one every few milliseconds, and says when it has taken one: a worker that is too far ahead pauses
// the hub instead of filling the page's memory.
//
//     page ── open, connect, close, taken ──▶ worker ── WebSocket ──▶ hub
//          ◀── rows, notice, cursor, state, error ──

import type { ConnectionState, LogFilter, Notice } from "@logmill/client";
import { unpackRows, type RowBatch } from "./row_batch.js";
import type { OpenStream, Place, RowEvents } from "./row_stream.js";

/** From the page. `stream` is a number that the page gave. */
export type Order =
    | { do: "open"; stream: number; baseUrl: string; token: string | null; filter: LogFilter; place: Place }
    | { do: "connect" | "close"; stream: number }
    | { do: "taken"; stream: number; rows: number };

/** To the page. */
export type Report =
    | { say: "rows"; stream: number; batch: RowBatch }
    | { say: "notice"; stream: number; notice: Notice }
    | { say: "cursor"; stream: number; cursor: string }
    | { say: "state"; stream: number; state: ConnectionState }
    | { say: "error"; stream: number; message: string };

/** What of a Worker is needed here. */
export interface Port {
    postMessage(order: Order): void;
    addEventListener(type: "message", listener: (event: { data: Report[] }) => void): void;
}

/** Streams of the hub at `baseUrl` through `worker`, which must run stream_worker.ts. */
export function workerStreams(worker: Port, baseUrl: string, token: () => string | null = () => null): OpenStream {
    const open = new Map<number, RowEvents>();
    let last = 0;
    worker.addEventListener("message", ({ data }) => {
        for (const report of data) {
            const events = open.get(report.stream);
            if (report.say === "rows")
                worker.postMessage({ do: "taken", stream: report.stream, rows: report.batch.ids.length });
            if (events) tell(events, report);
        }
    });
    return (filter, place, events) => {
        const stream = ++last;
        open.set(stream, events);
        worker.postMessage({ do: "open", stream, baseUrl, token: token(), filter, place });
        return {
            connect: () => worker.postMessage({ do: "connect", stream }),
            disconnect: () => {
                if (!open.delete(stream)) return;
                worker.postMessage({ do: "close", stream });
                events.state({ name: "closed" });
            },
        };
    };
}

function tell(events: RowEvents, report: Report): void {
    if (report.say === "rows") events.rows(unpackRows(report.batch));
    else if (report.say === "notice") events.notice(report.notice);
    else if (report.say === "cursor") events.cursor(report.cursor);
    else if (report.say === "state") events.state(report.state);
    else events.error(report.message);
}

// SPDX-License-Identifier: MIT
//
// A stream of rows: what a session wants of a connection. Made here, on the page's own thread, or by
// worker_stream.ts, whose worker parses.

import type { ConnectionState, LogFilter, LogStreamingService, Notice } from "@logmill/client";
import { rowOf, type Row } from "./record.js";

export interface RowEvents {
    rows(rows: readonly Row[]): void;
    notice(notice: Notice): void;
    /** The stream stands here; after what came before it. */
    cursor(cursor: string): void;
    state(state: ConnectionState): void;
    error(message: string): void;
}

export type Place = { tail: number } | { after: number };

export interface RowStream {
    /** Ends a wait between two attempts. */
    connect(): void;
    disconnect(): void;
}

export type OpenStream = (filter: LogFilter, place: Place, events: RowEvents) => RowStream;

/** Streams of a service, parsed on this thread. */
export function streamsOf(service: LogStreamingService): OpenStream {
    return (filter, place, events) =>
        service.streamAllLogs({
            ...filter,
            ...place,
            onBatch: (logs) => events.rows(logs.map(rowOf)),
            onCursor: (cursor) => events.cursor(cursor),
            onDropped: (notice) => events.notice(notice),
            onGap: (notice) => events.notice(notice),
            onError: (error) => events.error(error.message),
            onState: (state) => events.state(state),
        });
}

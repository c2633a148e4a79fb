// SPDX-License-Identifier: MIT
//
// What a program asks of a hub: streams, history, downloads, and who is connected. A service is an
// address, credentials and defaults; options of a single stream win over them.

import { AdminStream, type AdminOptions } from "./admin.js";
import { Http } from "./http.js";
import { filterParams } from "./params.js";
import { LogStreamer } from "./streamer.js";
import type { Level, LogFilter, LogMessage, StreamOptions } from "./types.js";

/** Records that an answer goes without, since files of the hub are damaged. */
export interface Unread {
    unread?: number;
    /** Where they are; of at most 64 places. */
    unread_at?: UnreadPlace[];
}

/** So many records lie between these ids, others among them. */
export interface UnreadPlace {
    first_id: number;
    last_id: number;
    count: number;
}

export interface Page extends Unread {
    logs: LogMessage[];
    pagination: {
        /** Matching records; null with count "none". */
        total: number | null;
        /** There are so many at least; with count "capped". */
        at_least?: boolean;
        limit: number;
        offset: number;
        /** Rows in this answer. */
        count: number;
        /** Give it with `offset` for further pages of the same snapshot. */
        cursor: string;
    };
}

export interface PageOptions extends LogFilter {
    limit?: number;
    offset?: number;
    cursor?: string;
    order?: "asc" | "desc";
    count?: "exact" | "capped" | "none";
    /** With a line of a stack trace comes the whole trace, from its first line on. */
    group?: boolean;
    from?: string | Date;
    to?: string | Date;
    signal?: AbortSignal;
}

export type LevelCounts = Partial<Record<Level | "none", number>>;

export interface HistogramAnswer extends Unread {
    bucket_ms: number;
    total: number;
    buckets: { time: string; count: number; levels: LevelCounts }[];
}

/** How often something was found, and in which records first and last. */
export interface Tally {
    count: number;
    levels: LevelCounts;
    first_id: number;
    last_id: number;
    first: string;
    last: string;
}

export interface FacetsAnswer {
    key: string;
    values: (Tally & { value: string })[];
    records: number;
    with_key: number;
    distinct: number;
    other: number;
}

export interface PatternsAnswer {
    patterns: (Tally & { pattern: string })[];
    records: number;
    distinct: number;
    other: number;
}

export interface Range extends LogFilter {
    from?: string | Date;
    to?: string | Date;
    signal?: AbortSignal;
}

export interface ExportOptions extends Range {
    format?: "ndjson" | "csv" | "text";
    compress?: "gz" | "zst";
}

export interface StreamingStatus {
    status: string;
    connections: {
        global: { websocket: number; sse: number };
        jobs: Record<string, { websocket: number; sse: number }>;
    };
}

export interface DownloadOptions {
    /** A day, YYYY-MM-DD; without it the whole run. */
    date?: string;
    format?: "text" | "ndjson";
    /** For the days of `date`; the hub's time_zone when absent. */
    timeZone?: string;
    signal?: AbortSignal;
}

export class LogStreamingService {
    private readonly http: Http;
    private readonly streams = new Set<LogStreamer | AdminStream>();

    /** `baseUrl` defaults to the origin of the page. */
    constructor(
        baseUrl?: string,
        private readonly options: StreamOptions = {},
    ) {
        this.http = new Http(baseUrl, options);
    }

    /** Streams the records of one job run, and begins at once. */
    streamJobRunLogs(jobRunId: string, options: StreamOptions = {}): LogStreamer {
        return this.stream({ ...options, jobRunId });
    }

    /** Streams every record, or those of the filter in the options. */
    streamAllLogs(options: StreamOptions = {}): LogStreamer {
        return this.stream(options);
    }

    /** Streams what processes say and how they do; for administrators. */
    streamProcesses(options: AdminOptions = {}): AdminStream {
        return this.begun(new AdminStream(this.http.baseUrl, { ...this.options, ...options }));
    }

    /** Ends every stream of this service. */
    disconnect(): void {
        for (const stream of this.streams) stream.disconnect();
        this.streams.clear();
    }

    getStreamingStatus(): Promise<StreamingStatus> {
        return this.http.json("/api/v1/logs/stream/status");
    }

    getJobRunLogs(jobRunId: string, options: PageOptions = {}): Promise<Page> {
        return this.page(`/api/v1/logs/job-runs/${encodeURIComponent(jobRunId)}`, options);
    }

    getTaskRunLogs(taskRunId: string, options: PageOptions = {}): Promise<Page> {
        return this.page(`/api/v1/logs/task-runs/${encodeURIComponent(taskRunId)}`, options);
    }

    /** General search, newest first. */
    search(options: PageOptions = {}): Promise<Page> {
        return this.page("/api/v1/logs", options);
    }

    /** How many records match, by time and level. */
    histogram(options: Range & { buckets?: number; bucket?: string } = {}): Promise<HistogramAnswer> {
        return this.sum("histogram", options, { buckets: options.buckets, bucket: options.bucket });
    }

    /** The most frequent values of a label or field. */
    facets(key: string, options: Range & { limit?: number } = {}): Promise<FacetsAnswer> {
        return this.sum("facets", options, { key, limit: options.limit });
    }

    /** The most frequent shapes of messages. */
    patterns(options: Range & { limit?: number } = {}): Promise<PatternsAnswer> {
        return this.sum("patterns", options, { limit: options.limit });
    }

    /** The record `id` and its neighbours that match, oldest first. */
    around(id: number, options: LogFilter & { before?: number; after?: number; signal?: AbortSignal } = {}): Promise<Page> {
        const { before, after, signal } = options;
        const params = { ...filterParams(options), around: id, before, after };
        return this.http.json("/api/v1/logs", params, signal ? { signal } : {});
    }

    /** The address of the records that match as a file, for a link. */
    exportUrl(options: ExportOptions = {}): string {
        return this.http.url("/api/v1/logs/export", exportParams(options));
    }

    /** The same as a response to be read piece by piece, for those whose token a link cannot carry. */
    export(options: ExportOptions = {}): Promise<Response> {
        const { signal } = options;
        return this.http.request("/api/v1/logs/export", exportParams(options), signal ? { signal } : {});
    }

    /** Whether a link alone reaches the hub: it can neither carry a token nor use a fetch() of one's own. */
    get takesLinks(): boolean {
        const { token, getToken, fetch: own } = this.options;
        return token === undefined && getToken === undefined && own === undefined;
    }

    /** Any other route of the hub that answers in JSON. */
    ask<T>(path: string, params: Record<string, unknown> = {}, init: RequestInit = {}): Promise<T> {
        return this.http.json(path, params, init);
    }

    /** The same of a route whose answer is text. */
    async askText(path: string, params: Record<string, unknown> = {}, init: RequestInit = {}): Promise<string> {
        return (await this.http.request(path, params, init)).text();
    }

    /** The address of a route or page of the hub, for a link. */
    url(path: string, params: Record<string, unknown> = {}): string {
        return this.http.url(path, params);
    }

    /** One record, whole. */
    getRecord(id: number): Promise<LogMessage> {
        return this.http.json(`/api/v1/logs/${id}`);
    }

    /** The file of a run, as a response to be read piece by piece. */
    download(jobRunId: string, options: DownloadOptions = {}): Promise<Response> {
        const { date, format, timeZone, signal } = options;
        const path = `/api/v1/logs/job-runs/${encodeURIComponent(jobRunId)}/download`;
        return this.http.request(path, { date, format, tz: timeZone }, signal ? { signal } : {});
    }

    /** The address of that file, for a link. */
    downloadUrl(jobRunId: string, options: DownloadOptions = {}): string {
        const { date, format, timeZone } = options;
        const path = `/api/v1/logs/job-runs/${encodeURIComponent(jobRunId)}/download`;
        return this.http.url(path, { date, format, tz: timeZone });
    }

    private stream(options: StreamOptions): LogStreamer {
        return this.begun(new LogStreamer(this.http, { ...this.options, ...options }));
    }

    private begun<S extends LogStreamer | AdminStream>(stream: S): S {
        for (const known of this.streams) if (known.state.name === "closed") this.streams.delete(known);
        this.streams.add(stream);
        stream.connect();
        return stream;
    }

    private sum<T>(what: string, options: Range, more: Record<string, unknown>): Promise<T> {
        const { from, to, signal } = options;
        const params = { ...filterParams(options), from: time(from), to: time(to), ...more };
        return this.http.json(`/api/v1/logs/${what}`, params, signal ? { signal } : {});
    }

    private page(path: string, options: PageOptions): Promise<Page> {
        const { limit, offset, cursor, order, count, from, to, signal } = options;
        const group = options.group ? 1 : undefined;
        const paging = { limit, offset, cursor, order, count, group };
        const params = { ...filterParams(options), ...paging, from: time(from), to: time(to) };
        return this.http.json(path, params, signal ? { signal } : {});
    }
}

function time(at: string | Date | undefined): string | undefined {
    return at instanceof Date ? at.toISOString() : at;
}

function exportParams(options: ExportOptions): Record<string, unknown> {
    const { from, to, format, compress } = options;
    return { ...filterParams(options), from: time(from), to: time(to), format, compress };
}

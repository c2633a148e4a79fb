// SPDX-License-Identifier: MIT
//
// Requests that read logs, answered from records in memory as the hub answers them from its store
// (docs/http-api.md, docs/streams.md), so that a LogViewer in a window need not know the difference. What
// a viewer does not ask for is 404.

import { FilterError, type Level } from "@logmill/client";
import type { MemoryBackend, ReadAnswer, SearchQuery } from "./backend.js";
import type { AppRecord } from "./records.js";

const ROOT = "/api/v1/logs";
const SOURCE = "electron";
const GATHER_MS = 16;
const HEARTBEAT_MS = 5_000;

interface WireRecord {
    [label: string]: unknown;
    id: number;
    timestamp: string;
    level: Level;
    message: string;
}

export function readMemory(store: MemoryBackend, path: string): ReadAnswer {
    const { pathname, searchParams } = new URL(path, "http://memory");
    const route = pathname.slice(ROOT.length);
    try {
        if (route === "") return json(200, page(store, searchParams));
        if (route === "/stream/sse") return answer(200, "text/event-stream", live(store, searchParams));
        if (route === "/export") return exported(store, searchParams);
        const found = store.find({}).find(({ id }) => route === `/${id}`);
        return found ? json(200, onTheWire(found)) : refusal(404, "not_found", "there is no such record, or none that is kept in memory");
    } catch (error) {
        if (error instanceof FilterError) return refusal(400, "bad_filter", error.message);
        throw error;
    }
}

function queryOf(params: URLSearchParams): SearchQuery {
    const query: SearchQuery = { campaignId: params.get("campaign_id") ?? "", userEmail: params.get("user_email") ?? "" };
    for (const name of ["q", "search", "level", "from", "to"] as const) query[name] = params.get(name) ?? "";
    query.sessionId = params.get("session_id") ?? "";
    return query;
}

/** Labels that no record of an app has: whoever asks for one gets nothing. */
const OTHERS = ["job_run_id", "task_run_id", "process_id"];

function matching(store: MemoryBackend, params: URLSearchParams): WireRecord[] {
    if (OTHERS.some((name) => params.has(name)) || (params.get("source") ?? SOURCE) !== SOURCE) return [];
    return store.find(queryOf(params)).map(onTheWire);
}

function page(store: MemoryBackend, params: URLSearchParams): unknown {
    const found = matching(store, params);
    const number = (name: string, otherwise: number): number => Number(params.get(name) ?? otherwise);
    const [limit, offset] = [number("limit", 100), number("offset", 0)];
    const cursor = String(found.at(-1)?.id ?? 0);
    if (params.get("order") !== "asc") found.reverse();
    const logs = params.has("around")
        ? around(store, matching(store, params), number("around", 0), number("before", 20), number("after", 20))
        : found.slice(offset, offset + limit);
    return { logs, pagination: { total: found.length, limit, offset, count: logs.length, cursor } };
}

/** The record itself, whatever the filter says of it, between its neighbours. */
function around(store: MemoryBackend, found: readonly WireRecord[], id: number, before: number, after: number): WireRecord[] {
    const itself = store.find({}).filter((record) => record.id === id).map(onTheWire);
    const older = found.filter((record) => record.id < id);
    return [...older.slice(Math.max(0, older.length - before)), ...itself, ...found.filter((record) => record.id > id).slice(0, after)];
}

function exported(store: MemoryBackend, params: URLSearchParams): ReadAnswer {
    const format = params.get("format") ?? "ndjson";
    const lines: Record<string, (record: WireRecord) => string> = {
        ndjson: (record) => JSON.stringify(record),
        text: ({ timestamp, level, source, message }) => `${timestamp} ${level.toUpperCase()} ${String(source)}: ${message}`,
        csv: ({ id, timestamp, level, source, message }) => [id, timestamp, level, source, message].map(quoted).join(","),
    };
    const line = lines[format];
    if (!line || params.has("compress")) return refusal(400, "bad_parameter", "records in memory are exported as ndjson, text or csv, not compressed");
    const head = format === "csv" ? "id,timestamp,level,source,message\n" : "";
    const text = head + matching(store, params).map((record) => `${line(record)}\n`).join("");
    const name = `logs.${format === "text" ? "txt" : format}`;
    const { headers, ...rest } = answer(200, "application/octet-stream", once(text));
    return { ...rest, headers: { ...headers, "content-disposition": `attachment; filename="${name}"` } };
}

const quoted = (value: unknown): string => `"${String(value).replaceAll('"', '""')}"`;

/** The stream of those that match. Memory itself is its queue: what was pushed out there is reported as a gap. */
async function* live(store: MemoryBackend, params: URLSearchParams): AsyncGenerator<string> {
    const tail = Number(params.get("tail") ?? 0);
    let place = Number(params.get("after") ?? store.find({}).at(-1)?.id ?? 0);
    const past = tail > 0 && !params.has("after") ? matching(store, params).slice(-tail) : [];
    yield `retry: 300\n\n${past.map(event).join("")}id: ${place}\n\n`;
    for (;;) {
        const all = store.find({});
        const [first, last] = [all[0]?.id ?? 0, all.at(-1)?.id ?? 0];
        const lost = first > place + 1 ? gap(place, first) : "";
        const come = matching(store, params).filter(({ id }) => id > place);
        place = Math.max(place, last);
        yield `${lost}${come.map(event).join("")}id: ${place}\n\n`;
        await Promise.race([store.next(), pause(HEARTBEAT_MS)]);
        await pause(GATHER_MS);
    }
}

function event(record: WireRecord): string {
    return `id: ${record.id}\nevent: log\ndata: ${JSON.stringify(record)}\n\n`;
}

function gap(after: number, next: number): string {
    const count = next - after - 1;
    const message = `${count} records were pushed out of memory before they could be sent`;
    const notice = { type: "gap", after, next, count, reason: "retention", level: "warn", stream: "system", message, timestamp: new Date().toISOString() };
    return `id: ${next - 1}\nevent: gap\ndata: ${JSON.stringify(notice)}\n\n`;
}

function onTheWire({ id = 0, timestamp, level, message, key, campaignId, userEmail, sessionId }: AppRecord): WireRecord {
    const labels = { campaign_id: campaignId || undefined, user_email: userEmail || undefined, session_id: sessionId };
    return { id, timestamp, level, stream: "stdout", source: SOURCE, ...labels, message, fields: { key } };
}

function answer(status: number, type: string, body: AsyncIterable<string>): ReadAnswer {
    return { status, headers: { "content-type": type }, body };
}

async function* once(text: string): AsyncGenerator<string> {
    yield text;
}

function json(status: number, value: unknown): ReadAnswer {
    return answer(status, "application/json", once(JSON.stringify(value)));
}

function refusal(status: number, code: string, message: string): ReadAnswer {
    return json(status, { error: { code, message } });
}

function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        (timer as { unref?: () => void }).unref?.();
    });
}

// SPDX-License-Identifier: MIT
//
// How the hub does: rates and sizes over the last minutes, who is connected, every counter there is.

import { useEffect, useRef, useState, type ReactNode } from "react";
import { bytes, count, fullTime, Problem, useAnswer } from "@logmill/react/page";
import { parseHelp, parseMetrics, quantile, type Metrics } from "./metrics";
import { Plot } from "./Plot";
import { service } from "./service";

const EVERY_MS = 2000;
const KEPT = 150;

interface Reading {
    at: number;
    metrics: Metrics;
}

function useReadings(): { readings: Reading[]; help: Map<string, string>; error: string } {
    const [readings, setReadings] = useState<Reading[]>([]);
    const help = useRef(new Map<string, string>());
    const { data, error } = useAnswer(
        "metrics",
        async (signal) => {
            const text = await service.askText("/metrics", {}, { signal });
            return { at: performance.now(), text };
        },
        EVERY_MS,
    );
    useEffect(() => {
        if (!data) return;
        help.current = parseHelp(data.text);
        setReadings((was) => [...was, { at: data.at, metrics: parseMetrics(data.text) }].slice(-KEPT));
    }, [data]);
    return { readings, help: help.current, error };
}

/** Per second, between each reading and the one before it. */
function ratesOf(readings: readonly Reading[], name: string): number[] {
    return readings.slice(1).map((now, i) => {
        const before = readings[i] as Reading;
        const grown = (now.metrics.get(name) ?? 0) - (before.metrics.get(name) ?? 0);
        return Math.max(0, (grown * 1000) / (now.at - before.at));
    });
}

/** The sum of all numbers whose name passes; none when there is no such number. */
function levelsOf(readings: readonly Reading[], passes: (name: string) => boolean): number[] {
    return readings.flatMap(({ metrics }) => {
        const found = [...metrics].filter(([name]) => passes(name));
        return found.length === 0 ? [] : [found.reduce((sum, [, n]) => sum + n, 0)];
    });
}

function latencies(readings: readonly Reading[], q: number): number[] {
    return readings.slice(1).flatMap((now, i) => {
        const { metrics } = readings[i] as Reading;
        const seconds = quantile(now.metrics, metrics, "logmill_delivery_seconds", q);
        return seconds === null || !Number.isFinite(seconds) ? [] : [seconds * 1000];
    });
}

export function StatusPage(): ReactNode {
    const { readings, help, error } = useReadings();
    const perSecond = (n: number): string => `${count(n)}/s`;
    const plots: [string, number[], (n: number) => string][] = [
        ["Records in", ratesOf(readings, "logmill_records_total"), perSecond],
        ["Bytes in", ratesOf(readings, "logmill_bytes_total"), (n) => `${bytes(n)}/s`],
        ["Delivered", ratesOf(readings, "logmill_delivered_total"), perSecond],
        ["Dropped for slow clients", ratesOf(readings, "logmill_dropped_total"), perSecond],
        ["Delivery, 99 % within", latencies(readings, 0.99), (n) => `${n.toFixed(n < 10 ? 1 : 0)} ms`],
        ["Clients", levelsOf(readings, (name) => name.startsWith("logmill_clients_")), count],
        ["Store on disk", levelsOf(readings, (name) => name === "logmill_store_bytes"), bytes],
        ["Memory for live clients", levelsOf(readings, (name) => name === "logmill_feed_bytes"), bytes],
    ];
    return (
        <section className="sheetpage" aria-label="Status" tabIndex={0}>
            <div className="bar">
                <h1>Status</h1>
            </div>
            <Problem text={error} />
            {(readings.length > 0 || error === "") && <div className="plots" data-testid="plots">
                {plots.map(([label, values, show]) => (
                    <Plot key={label} label={label} values={values} show={show} />
                ))}
            </div>}
            <Stored />
            <Connections />
            <AllMetrics metrics={readings.at(-1)?.metrics} help={help} />
        </section>
    );
}

interface Stats {
    records: number;
    /** Of messages. */
    bytes: number;
    disk_bytes: number;
    first: string | null;
    sources: { source: string; count: number; bytes: number }[];
}

const SOURCES = 8;

function Stored(): ReactNode {
    const { data } = useAnswer("stats", (signal) => service.ask<Stats>("/api/v1/stats", {}, { signal }), 10_000);
    if (!data || data.records === 0) return null;
    const facts = [
        [count(data.records), "records"],
        [bytes(data.bytes), "of messages"],
        [bytes(data.disk_bytes), "on the disk, with the journal"],
        [data.first ? fullTime(Date.parse(data.first)) : "–", "is the oldest"],
    ];
    const sources = [...data.sources].sort((a, b) => b.bytes - a.bytes).slice(0, SOURCES);
    return (
        <>
            <h2>Stored</h2>
            <ul className="facts" data-testid="stored">
                {facts.map(([figure, words]) => (
                    <li key={words}>
                        <strong>{figure}</strong> {words}
                    </li>
                ))}
            </ul>
            <table>
                <thead>
                    <tr>
                        <th>Source</th>
                        <th className="num">Records</th>
                        <th className="num">Bytes</th>
                        <th>Share</th>
                    </tr>
                </thead>
                <tbody>
                    {sources.map((source) => (
                        <tr key={source.source}>
                            <td>{source.source}</td>
                            <td className="num">{count(source.count)}</td>
                            <td className="num">{bytes(source.bytes)}</td>
                            <td>
                                <meter max={data.bytes} value={source.bytes} />
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </>
    );
}

const KINDS = { websocket: "WebSocket", sse: "Server-sent events" };

function Connections(): ReactNode {
    const { data } = useAnswer("connections", () => service.getStreamingStatus(), EVERY_MS);
    if (!data) return null;
    const rows = [["all records", data.connections.global] as const, ...Object.entries(data.connections.jobs)];
    const kinds = Object.keys(data.connections.global) as (keyof typeof data.connections.global)[];
    return (
        <>
            <h2>Connections</h2>
            <table data-testid="connections">
                <thead>
                    <tr>
                        <th>Job run</th>
                        {kinds.map((kind) => (
                            <th key={kind} className="num">
                                {KINDS[kind]}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map(([name, counts]) => (
                        <tr key={name}>
                            <td>{name}</td>
                            {kinds.map((kind) => (
                                <td key={kind} className="num">
                                    {count(counts[kind] ?? 0)}
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </>
    );
}

function AllMetrics({ metrics, help }: { metrics: Metrics | undefined; help: Map<string, string> }): ReactNode {
    if (!metrics) return null;
    const rows = [...metrics].filter(([key]) => !key.includes("_bucket{"));
    return (
        <details>
            <summary>All counters</summary>
            <table>
                <tbody>
                    {rows.map(([key, value]) => (
                        <tr key={key} title={help.get(key.replace(/\{.*/, ""))}>
                            <td>{key}</td>
                            <td className="num">{count(value)}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </details>
    );
}

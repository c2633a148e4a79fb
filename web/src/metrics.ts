// SPDX-License-Identifier: MIT
//
// The Prometheus text of /metrics as numbers.

export type Metrics = Map<string, number>;

/** `name{labels}` or `name` to its value. */
export function parseMetrics(text: string): Metrics {
    const found: Metrics = new Map();
    for (const line of text.split("\n")) {
        const match = /^([A-Za-z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line);
        if (match) found.set(match[1] as string, Number(match[2]));
    }
    return found;
}

/** Sentences of `# HELP`, by name. */
export function parseHelp(text: string): Map<string, string> {
    return new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map((m) => [m[1] as string, m[2] as string]));
}

/** Quantile of a histogram `name` between two readings, in its own unit; null when nothing came. */
export function quantile(now: Metrics, before: Metrics | null, name: string, q: number): number | null {
    const buckets: [number, number][] = [];
    for (const [key, value] of now) {
        const le = key.startsWith(`${name}_bucket{`) ? /le="([^"]+)"/.exec(key)?.[1] : undefined;
        if (le !== undefined) buckets.push([le === "+Inf" ? Infinity : Number(le), value - (before?.get(key) ?? 0)]);
    }
    buckets.sort((a, b) => a[0] - b[0]);
    const total = buckets.at(-1)?.[1] ?? 0;
    if (total <= 0) return null;
    return (buckets.find(([, n]) => n >= q * total) as [number, number])[0];
}

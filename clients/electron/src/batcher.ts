// SPDX-License-Identifier: MIT
//
// Requests to one channel that come close together are handled as one: when `size` have gathered or
// `delay` has passed. Each gets its own answer; one that is refused does not harm the others.

import { Mean, type BatchMetrics } from "./metrics.js";

/** Answers, or errors, in the order of the requests. */
export type BatchRun<Q> = (requests: Q[]) => Promise<readonly unknown[]>;

interface Waiting<Q> {
    request: Q;
    resolve(value: unknown): void;
    reject(error: unknown): void;
}

interface Gathering<Q> {
    waiting: Waiting<Q>[];
    timer: ReturnType<typeof setTimeout>;
    run: BatchRun<Q>;
}

export class RequestBatcher<Q> {
    private readonly gatherings = new Map<string, Gathering<Q>>();
    private totalBatches = 0;
    private totalRequests = 0;
    private failedBatches = 0;
    private readonly time = new Mean();

    /** Resolves with the answer to this request alone. */
    add(group: string, request: Q, size: number, delay: number, run: BatchRun<Q>): Promise<unknown> {
        return new Promise((resolve, reject) => {
            const gathering = this.gatherings.get(group) ?? this.begin(group, delay, run);
            gathering.waiting.push({ request, resolve, reject });
            if (gathering.waiting.length >= size) void this.finish(group);
        });
    }

    getMetrics(): BatchMetrics {
        const { totalBatches, totalRequests, failedBatches } = this;
        return {
            totalBatches,
            totalRequests,
            averageBatchSize: totalBatches === 0 ? 0 : totalRequests / totalBatches,
            averageProcessingTime: this.time.value,
            failedBatches,
        };
    }

    private begin(group: string, delay: number, run: BatchRun<Q>): Gathering<Q> {
        const timer = setTimeout(() => void this.finish(group), delay);
        const gathering = { waiting: [], timer, run };
        this.gatherings.set(group, gathering);
        return gathering;
    }

    private async finish(group: string): Promise<void> {
        const gathering = this.gatherings.get(group);
        if (!gathering) return;
        this.gatherings.delete(group);
        clearTimeout(gathering.timer);
        const { waiting, run } = gathering;
        const started = performance.now();
        this.totalBatches += 1;
        this.totalRequests += waiting.length;
        try {
            const answers = await run(waiting.map(({ request }) => request));
            if (answers.length !== waiting.length)
                throw new Error(`the batch handler gave ${answers.length} answers to ${waiting.length} requests`);
            waiting.forEach(({ resolve, reject }, i) => {
                const answer = answers[i];
                if (answer instanceof Error) reject(answer);
                else resolve(answer);
            });
        } catch (error) {
            this.failedBatches += 1;
            for (const { reject } of waiting) reject(error);
        } finally {
            this.time.add(performance.now() - started);
        }
    }
}

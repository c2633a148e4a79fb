// SPDX-License-Identifier: MIT
//
// The three groups of figures, under the names the hub's own manager uses.

export interface ManagerMetrics {
    totalRequests: number;
    totalResponses: number;
    totalErrors: number;
    /** Milliseconds. */
    averageResponseTime: number;
    /** 0 to 1, of the requests to cacheable handlers. */
    cacheHitRate: number;
    batchedRequests: number;
    streamedRequests: number;
}

export interface BatchMetrics {
    totalBatches: number;
    totalRequests: number;
    averageBatchSize: number;
    averageProcessingTime: number;
    failedBatches: number;
}

export interface StreamMetrics {
    totalStreams: number;
    totalChunks: number;
    totalBytes: number;
    averageChunkSize: number;
    averageStreamTime: number;
    failedStreams: number;
}

/** A mean that is kept as sum and count. */
export class Mean {
    private sum = 0;
    private n = 0;

    add(value: number): void {
        this.sum += value;
        this.n += 1;
    }

    get value(): number {
        return this.n === 0 ? 0 : this.sum / this.n;
    }
}

// SPDX-License-Identifier: MIT
export { HubBackend, MemoryBackend, type Backend } from "./backend.js";
export { RequestBatcher } from "./batcher.js";
export { MultiLayerCacheManager, type CacheConfig, type CacheEntry, type CacheLayer } from "./cache.js";
export { CallError, type Envelope, type IpcCode } from "./envelope.js";
export { IpcLogger, type BatchEntry, type ScopedLogger } from "./ipc_logger.js";
export { LogEventHub } from "./log_hub.js";
export { IPCManager, type Channels, type Handler, type HandlerConfig, type ManagerOptions } from "./manager.js";
export type { BatchMetrics, ManagerMetrics, StreamMetrics } from "./metrics.js";
export type { AppRecord, LogEntryInput } from "./records.js";
export { startBackend, type StartOptions } from "./start.js";
export { StreamingHandler, type StreamChunk } from "./streaming.js";
export { ipcLogger, logEventHub, logToIPC } from "./shared.js";

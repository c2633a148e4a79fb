// SPDX-License-Identifier: MIT
export { MemoryBackend, type Backend, type PopularAnswer, type ReadAnswer, type Scope, type SearchQuery } from "./backend.js";
export { RequestBatcher } from "./batcher.js";
export { MultiLayerCacheManager, type CacheConfig, type CacheEntry, type CacheLayer } from "./cache.js";
export type { Channels, Handler, HandlerConfig, HandlerConfig as IPCHandlerConfig } from "./channels.js";
export { AppConfig, type ConfigOptions, type ConfigValues } from "./config.js";
export { CallError, type Envelope, type IpcCode } from "./envelope.js";
export { HubBackend } from "./hub_backend.js";
export { IpcLogger, type BatchEntry, type ScopedLogger } from "./ipc_logger.js";
export { LogEventHub } from "./log_hub.js";
export { IPCManager, type ManagerOptions } from "./manager.js";
export type { BatchMetrics, ManagerMetrics, StreamMetrics } from "./metrics.js";
export { isOwnPage } from "./pages.js";
export { registerReadyHandlers, type ReadyOptions, type SystemInfo, type SystemMetrics } from "./ready.js";
export type { AppRecord, LogEntryInput, RecordInput } from "./records.js";
export { startBackend, type StartOptions } from "./start.js";
export { StreamingHandler, type StreamChunk } from "./streaming.js";
export { ipcLogger, logEventHub, logToIPC } from "./shared.js";
export type { ElectronAPI } from "./preload.js";

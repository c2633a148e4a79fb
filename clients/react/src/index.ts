// SPDX-License-Identifier: MIT
export { LogViewer, type LogViewerProps } from "./LogViewer.js";
export { workerStreams } from "./worker_stream.js";
export type { OpenStream } from "./row_stream.js";
export { createLogStore, useLogs, type LogStore } from "./store.js";
export { useProcesses, type Processes } from "./useProcesses.js";
export { ProcessCard, type ProcessCardProps } from "./ProcessCard.js";
export type { Process, ProcessView } from "./processes.js";
export type { HubProps } from "./useService.js";

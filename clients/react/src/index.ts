// SPDX-License-Identifier: MIT
export { LogViewer, type LogViewerProps } from "./LogViewer.js";
export { createLogStore, useLogs, type LogStore } from "./store.js";

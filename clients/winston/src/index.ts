// SPDX-License-Identifier: MIT
export { LogmillTransport, LogmillTransport as WebSocketTransport } from "./transport.js";
export type { LogEntry, LogmillTransportOptions, SocketServer } from "./transport.js";
export { getWebSocketTransport, initLogger, setSocketIOInstance } from "./shared.js";

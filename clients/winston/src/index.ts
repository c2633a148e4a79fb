// SPDX-License-Identifier: MIT
export { LogmillTransport, type LogEntry, type LogmillTransportOptions, type SocketServer } from "./transport.js";
export { getWebSocketTransport, initLogger, setSocketIOInstance } from "./shared.js";

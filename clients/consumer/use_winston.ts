// SPDX-License-Identifier: MIT
// A service that logs through Winston, with the log page of its own Socket.IO server.
import winston from "winston";
import { getWebSocketTransport, initLogger, LogmillTransport, setSocketIOInstance, WebSocketTransport, type LogEntry } from "@logmill/winston";

const logger = winston.createLogger({ transports: [new LogmillTransport({ source: "shop", maxQueueSize: 500, level: "debug" })] });
logger.info("order paid", { jobRunId: "42" });

const io = { emit: (event: string, ...args: unknown[]) => console.log(event, args) };
setSocketIOInstance(io);
const transport: WebSocketTransport = getWebSocketTransport();
const cached: LogEntry[] = transport.getCachedLogs();
const errors: LogEntry[] = transport.getLogsByLevel("error");
console.log(cached[0]?.message.length, errors[0]?.timestamp, errors[0]?.level, transport.dropped);
export const shared: winston.Logger = initLogger();
export const flushed: Promise<boolean> = transport.flush(1000);

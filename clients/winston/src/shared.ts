// SPDX-License-Identifier: MIT
//
// One transport and one logger for a whole program.

import winston, { type Logger, type LoggerOptions } from "winston";
import { LogmillTransport, type LogmillTransportOptions, type SocketServer } from "./transport.js";

let transport: LogmillTransport | null = null;
let logger: Logger | null = null;

/** The shared transport, made when it is first asked for. */
export function getWebSocketTransport(options?: LogmillTransportOptions): LogmillTransport {
    transport ??= new LogmillTransport(options);
    return transport;
}

/** The shared logger: console and logmill, unless `options` say otherwise. */
export function initLogger(options: LoggerOptions = {}, hub?: LogmillTransportOptions): Logger {
    if (logger) return logger;
    const { format } = winston;
    const own = process.env.LOGMILL_RUN ? [] : [new winston.transports.Console({ format: format.simple() })];
    logger = winston.createLogger({
        level: "info",
        format: format.combine(format.timestamp(), format.errors({ stack: true }), format.splat()),
        transports: [...own, getWebSocketTransport(hub)],
        ...options,
    });
    return logger;
}

/** Tells the shared transport of the program's own Socket.IO server. */
export function setSocketIOInstance(io: SocketServer | null): void {
    getWebSocketTransport().setSocketIOInstance(io);
}

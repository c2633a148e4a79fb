// SPDX-License-Identifier: MIT
//
// Programs that are left running: node --expose-gc left_running.mjs transport|viewer URL. Asked by a message,
// they answer with { heap, count }: bytes in use after collecting garbage, records written or seen.
import WebSocket from "ws";
import winston from "../../clients/node_modules/winston/lib/winston.js";
import { LogStreamingService } from "../../clients/client/dist/esm/index.js";
import { LogmillTransport } from "../../clients/winston/dist/esm/index.js";

const [role, url] = process.argv.slice(2);
let count = 0;

function transport() {
    const logger = winston.createLogger({ transports: [new LogmillTransport({ url, source: "service" })] });
    setInterval(() => {
        for (let i = 0; i < 10; i++) logger.info(`order ${++count} paid`, { jobRunId: "left-running", customer: { id: count } });
    }, 20);
}

function viewer() {
    const recent = [];
    new LogStreamingService(url, { WebSocket, maxReconnectDelay: 500 }).streamAllLogs({
        onMessage: (log) => {
            count += 1;
            recent.push(log);
            if (recent.length > 1000) recent.shift();
        },
    });
}

({ transport, viewer })[role]();
process.on("message", () => {
    globalThis.gc();
    process.send({ heap: process.memoryUsage().heapUsed, count });
});
process.on("disconnect", () => process.exit());

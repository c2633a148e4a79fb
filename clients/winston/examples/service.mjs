// SPDX-License-Identifier: MIT
// A service that logs `count` numbered records through Winston: node service.mjs URL count [rate [maxQueueSize]]
import winston from "winston";
import { LogmillTransport } from "@logmill/winston";

const [url, count, rate = "0", maxQueueSize = "10000"] = process.argv.slice(2);
const transport = new LogmillTransport({ url, source: "service", maxQueueSize: Number(maxQueueSize), flushTimeout: 20_000 });
const logger = winston.createLogger({ transports: [transport] });

for (let i = 1; i <= Number(count); i++) {
    logger.info(`out ${i} `, { jobRunId: "service" });
    if (Number(rate) > 0 && i % (Number(rate) / 100) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
logger.end();
transport.on("finish", () => console.log(`dropped ${transport.dropped}`));

// SPDX-License-Identifier: MIT
// A service that logs `count` numbered records through pino: node service.mjs URL count [rate]
import pino from "pino";
import { destination } from "@logmill/pino";

const [url, count, rate = "0"] = process.argv.slice(2);
const logger = pino({}, destination({ url, source: "service", maxQueue: 200_000, flushTimeout: 9_000 }));

for (let i = 1; i <= Number(count); i++) {
    logger.info({ jobRunId: "service" }, `out ${i} `);
    if (Number(rate) > 0 && i % (Number(rate) / 100) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

// SPDX-License-Identifier: MIT
//
// real_writer.mjs pino|winston|bunyan FILE: logs a few things the way programs do.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [library, file] = process.argv.slice(2);
const error = Object.assign(new Error("disk is full"), { code: "ENOSPC" });

const writers = {
    pino() {
        const pino = require("pino");
        const log = pino({ level: "trace" }, pino.destination({ dest: file, sync: true }));
        log.trace("tiny");
        log.info({ user: "ann", took: 12.5 }, "signed in");
        log.child({ jobRunId: "job-9" }).warn("nearly full");
        log.error(error, "it failed");
        log.fatal("the end");
    },
    winston() {
        const { createLogger, format, transports } = require("winston");
        const log = createLogger({
            level: "silly",
            format: format.combine(format.timestamp(), format.errors({ stack: true }), format.json()),
            transports: [new transports.File({ filename: file })],
        });
        log.silly("tiny");
        log.info("signed in", { user: "ann", took: 12.5 });
        log.warn("nearly full", { jobRunId: "job-9" });
        log.error("it failed", { code: error.code, stack: error.stack });
        log.end();
    },
    bunyan() {
        const bunyan = require("bunyan");
        const log = bunyan.createLogger({ name: "app", level: "trace", streams: [{ path: file, level: "trace" }] });
        log.trace("tiny");
        log.info({ user: "ann", took: 12.5 }, "signed in");
        log.child({ jobRunId: "job-9" }).warn("nearly full");
        log.error(error, "it failed");
        log.fatal("the end");
    },
};

writers[library]();

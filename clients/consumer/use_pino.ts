// SPDX-License-Identifier: MIT
// A service that logs through pino.
import { pino } from "pino";
import { destination, type LogmillPinoOptions } from "@logmill/pino";

const options: LogmillPinoOptions = { source: "shop", flushTimeout: 1000 };
pino({ transport: { target: "@logmill/pino", options } }).info("through the worker");
pino({}, destination(options)).info({ jobRunId: "42" }, "under a keeper, too");

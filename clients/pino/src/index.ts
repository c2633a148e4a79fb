// SPDX-License-Identifier: MIT
//
// A pino transport: runs in pino's worker thread, so that logging costs the program nothing but the
// line itself. Records are sent until the hub has acknowledged them; when it is away for long the
// oldest go and are counted in the stream.
//
//     pino({ transport: { target: "@logmill/pino", options: { source: "shop" } } })
//
// One channel a process: under a keeper (LOGMILL_RUN is set) records go to the standard output instead.
// What the worker has not read yet when the program is killed is gone in both cases; destination()
// writes from the thread that logs, and so loses nothing under a keeper.

import { writeSync } from "node:fs";
import { senderToHub, type HubOptions, type LogInput } from "@logmill/client/node";
import pino, { type DestinationStream } from "pino";
import build from "pino-abstract-transport";

export interface LogmillPinoOptions extends Omit<HubOptions, "onError"> {
    /** How long the end of the program waits for the hub, in ms. Default 3,000. */
    flushTimeout?: number;
    /** Default: `stdout` under a keeper, else `hub`. */
    channel?: "hub" | "stdout";
}

export default function logmill(options: LogmillPinoOptions = {}): ReturnType<typeof build> {
    return channelOf(options) === "stdout" ? toStdout() : toHub(options);
}

/** For pino's second argument: the standard output, from this thread, under a keeper; else the transport. */
export function destination(options: LogmillPinoOptions = {}): DestinationStream {
    if (channelOf(options) === "stdout") return pino.destination({ dest: 1, sync: true });
    return pino.transport({ target: "@logmill/pino", options: { ...options, channel: "hub" } }) as DestinationStream;
}

function channelOf({ channel }: LogmillPinoOptions): "hub" | "stdout" {
    return channel ?? (process.env.LOGMILL_RUN ? "stdout" : "hub");
}

function toHub({ flushTimeout = 3_000, channel: _, ...hub }: LogmillPinoOptions): ReturnType<typeof build> {
    const warn = (message: string): void => process.emitWarning(message, "LogmillWarning");
    const sender = senderToHub({ ...hub, onError: (error) => warn(error.message) });
    return build(
        async (source) => {
            for await (const record of source) sender.write(record as LogInput);
        },
        {
            close: async () => {
                const all = await sender.close(flushTimeout);
                if (!all) warn(`${sender.waiting} records were not acknowledged by the hub`);
            },
        },
    );
}

function toStdout(): ReturnType<typeof build> {
    return build(
        async (source) => {
            for await (const line of source) writeWhole(`${String(line)}\n`);
        },
        { parse: "lines" },
    );
}

/** The standard output may be a pipe that is full for a moment. */
function writeWhole(text: string): void {
    let bytes = Buffer.from(text);
    while (bytes.length > 0) {
        try {
            bytes = bytes.subarray(writeSync(1, bytes));
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
    }
}

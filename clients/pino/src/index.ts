// SPDX-License-Identifier: MIT
//
// A pino transport: runs in pino's worker thread, so that logging costs the program nothing but the
// line itself. Records are sent until the hub has acknowledged them; when it is away for long the
// oldest go and are counted in the stream.
//
//     pino({ transport: { target: "@logmill/pino", options: { source: "shop" } } })

import { senderToHub, type HubOptions, type LogInput } from "@logmill/client/node";
import build from "pino-abstract-transport";

export interface LogmillPinoOptions extends Omit<HubOptions, "onError"> {
    /** How long the end of the program waits for the hub, in ms. Default 3,000. */
    flushTimeout?: number;
}

export default function logmill(options: LogmillPinoOptions = {}): ReturnType<typeof build> {
    const { flushTimeout = 3_000, ...hub } = options;
    const sender = senderToHub({
        ...hub,
        onError: (error) => process.emitWarning(error.message, "LogmillWarning"),
    });
    return build(
        async (source) => {
            for await (const record of source) sender.write(record as LogInput);
        },
        {
            close: async () => {
                await sender.close(flushTimeout);
            },
        },
    );
}

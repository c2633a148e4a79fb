// SPDX-License-Identifier: MIT
//
// The hub, as every part of this page asks it.

import { LogStreamingService } from "@logmill/client";
import { keptBookmarks, workerStreams, type OpenStream } from "@logmill/react/page";
import { turnedAway } from "./access";
import { HUB } from "./router";

async function ask(...request: Parameters<typeof fetch>): Promise<Response> {
    const response = await fetch(...request);
    if (response.status === 401) turnedAway();
    return response;
}

export const service = new LogStreamingService(HUB, { fetch: ask });

const worker = new Worker(new URL("./stream_worker.ts", import.meta.url), { type: "module" });
const beside = workerStreams(worker, HUB);

/** Streams that are parsed beside the page's own thread. */
export const streams: OpenStream = (filter, place, events) =>
    beside(filter, place, {
        ...events,
        state: (state) => {
            if (state.name === "refused" && state.code === "unauthorized") turnedAway();
            events.state(state);
        },
    });

/** One list of them for all lists of lines. */
export const bookmarks = keptBookmarks();

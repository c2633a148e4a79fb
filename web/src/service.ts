// SPDX-License-Identifier: MIT
import { LogStreamingService } from "@logmill/client";
import { keptBookmarks, workerStreams } from "@logmill/react/page";
import { BASE } from "./router";

/** The hub that this page came from. */
export const HUB = location.origin + BASE;
export const service = new LogStreamingService(HUB);

const worker = new Worker(new URL("./stream_worker.ts", import.meta.url), { type: "module" });
/** Streams that are parsed beside the page's own thread. */
export const streams = workerStreams(worker, HUB);

/** One list of them for all lists of lines. */
export const bookmarks = keptBookmarks();

// SPDX-License-Identifier: MIT
export { LogStreamingService } from "./service.js";
export type { DownloadOptions, Page, PageOptions, StreamingStatus } from "./service.js";
export { LogStreamer, type LogRequest } from "./streamer.js";
export { HubError } from "./types.js";
export type {
    Callbacks,
    ConnectionState,
    Credentials,
    DroppedNotice,
    GapNotice,
    Level,
    LogFilter,
    LogMessage,
    Notice,
    StreamName,
    StreamOptions,
    WebSocketClass,
    WebSocketLike,
} from "./types.js";

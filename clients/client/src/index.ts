// SPDX-License-Identifier: MIT
export { LogStreamingService } from "./service.js";
export type {
    DownloadOptions,
    ExportOptions,
    FacetsAnswer,
    HistogramAnswer,
    LevelCounts,
    Page,
    PageOptions,
    PatternsAnswer,
    Range,
    StreamingStatus,
    Tally,
    Unread,
    UnreadPlace,
} from "./service.js";
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
    PartialLine,
    StreamName,
    StreamOptions,
    WebSocketClass,
    WebSocketLike,
} from "./types.js";
export { IpcClient, IpcError } from "./ipc/client.js";
export type { CallConfig, ChannelMap, Envelope, IpcOptions, Metadata } from "./ipc/client.js";
export type { Chunk, IpcCode } from "./ipc/call_frames.js";
export { webSocketLink, type Connect, type Link, type LinkEvents } from "./ipc/link.js";
export { compileFilter, filterError, foldedSource, type CompiledFilter } from "./filter/match.js";
export { FilterError, type FilterErrorName } from "./filter/errors.js";
export { parseFilter } from "./filter/parse.js";
export { printFilter, type Expr, type Op, type Term } from "./filter/tree.js";
export { AdminStream, type AdminOptions, type LogStreamData, type ProcessStatus } from "./admin.js";
export { fetchPost, LogSender, type LogInput, type Post, type SenderOptions } from "./sender.js";
export { Logger, type BatchEntry, type LogLevel, type ScopedLogger } from "./logger.js";
export { bridgeFetch, bridgeService, findBridge, type Bridge } from "./bridge.js";
export { followLogs, type FollowOptions } from "./ipc/follow.js";

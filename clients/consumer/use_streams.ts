// SPDX-License-Identifier: MIT
// A program that follows job runs.
import { LogStreamingService, type LogMessage, type StreamingStatus } from "@logmill/client";
import { senderToHub } from "@logmill/client/node";

const logService = new LogStreamingService("http://localhost:8080", {
    autoReconnect: true,
    maxReconnectAttempts: 5,
    onError: (error) => console.error("Log streaming error:", error.message),
});
const streamer = logService.streamJobRunLogs("abc-123", {
    onMessage: (log) => {
        const level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" = log.level;
        const stream: "stdout" | "stderr" | "system" = log.stream;
        const texts: (string | undefined)[] = [log.job_run_id, log.task_run_id, log.timestamp, log.message, log.task_name];
        console.log(level, stream, texts);
    },
    onConnect: () => console.log("Connected to log stream"),
    onDisconnect: () => console.log("Disconnected from log stream"),
    onError: () => setTimeout(() => streamer.connect(), 5000),
    autoReconnect: true,
    maxReconnectAttempts: 10,
});
const all = logService.streamAllLogs({ onMessage: (log: LogMessage) => console.log(log.id) });
export const recent: Promise<LogMessage[]> = streamer.requestLogs({ limit: 10 });
export const status: Promise<StreamingStatus> = logService.getStreamingStatus();
void status.then(({ connections }) => connections.global.websocket + (connections.jobs["abc-123"]?.sse ?? 0));
all.disconnect();
logService.disconnect();
senderToHub({ source: "shop" }).write({ message: "paid", jobRunId: "42" });
// @ts-expect-error a job run has a name
logService.streamJobRunLogs(42);

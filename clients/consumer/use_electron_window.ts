// SPDX-License-Identifier: MIT
// A preload script and a page of an app, against Electron's own types.
import { contextBridge, ipcRenderer } from "electron";
import { expose, type AppRecord, type ElectronAPI } from "@logmill/electron/preload";

expose(contextBridge, ipcRenderer);

declare global {
    interface Window {
        electronAPI: ElectronAPI;
    }
}

export async function page(show: (record: AppRecord) => void): Promise<void> {
    const { electronAPI } = window;
    void electronAPI.registerForLogs();
    const unsubscribe: () => void = electronAPI.onLogUpdate((logData) => show(logData));
    const logs: AppRecord[] = await electronAPI.getLogs("campaign-123", "user@example.com", 100);
    const cleared: number = await electronAPI.clearLogs("campaign-123", "user@example.com");
    const count: number = await electronAPI.getLogCount("campaign-123", "user@example.com");
    await electronAPI.logFromRenderer("campaign-123", "user@example.com", { level: "info", message: "m", sessionId: "renderer-ui", timestamp: new Date().toISOString() });
    console.log(logs[0]?.sessionId, cleared, count);
    unsubscribe();

    const response = await electronAPI.db.search("VSAM error");
    if (response.success) console.log("Search results:", response.data.length, response.metadata.cached, response.metadata.executionTime);
    else console.error("Operation failed:", response.error.code, response.error.message, response.error.details);

    const streamResponse = await electronAPI.db.getPopular(1000);
    if (streamResponse.success && typeof streamResponse.data === "string") {
        const streamId = streamResponse.data;
        electronAPI.streaming.onChunk(streamId, (chunk) => {
            console.log(`Chunk ${chunk.chunkIndex}:`, chunk.data, `${chunk.progress.percentage}%`, chunk.progress.current, chunk.progress.total);
            if (chunk.isLast) electronAPI.streaming.removeStreamListeners(streamId);
        });
        electronAPI.streaming.onError(streamId, (error) => {
            console.error("Stream error:", error.code, error.message);
            electronAPI.streaming.removeStreamListeners(streamId);
        });
        electronAPI.streaming.cancel(streamId);
    }
    const info = await electronAPI.system.getInfo();
    const theme = await electronAPI.config.get("theme");
    await electronAPI.config.set("theme", "light");
    electronAPI.config.onChange((key, value) => console.log(key, value));
    console.log(info.success && info.data.version, theme.success && theme.data);
    const anything = await electronAPI.call("user:getData", 7);
    const result = anything.success ? anything.data : null;
    console.log(result);
}

type Mine = { "user:get": (id: string) => { name: string } };
export async function typed(api: ElectronAPI<Mine>): Promise<string> {
    const user = await api.call("user:get", "7");
    // @ts-expect-error an id is a text
    void api.call("user:get", 7);
    // @ts-expect-error there is no such channel
    void api.call("user:put");
    return user.success ? user.data.name : user.error.message;
}

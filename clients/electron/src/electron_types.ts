// SPDX-License-Identifier: MIT
//
// What is used of Electron, as shapes: the package can be tested without Electron's binary, and works
// with every version that has them.

/** A window's content, as far as messages go. */
export interface WebContentsLike {
    readonly id: number;
    isDestroyed(): boolean;
    send(channel: string, ...args: unknown[]): void;
    once(event: "destroyed" | "render-process-gone" | "did-start-navigation", listener: (...args: never[]) => void): unknown;
}

export interface IpcEventLike {
    readonly sender: WebContentsLike;
    readonly senderFrame?: { readonly url: string } | null;
}

export interface IpcMainLike {
    handle(channel: string, listener: (event: IpcEventLike, ...args: never[]) => unknown): void;
    removeHandler(channel: string): void;
    on(channel: string, listener: (event: IpcEventLike, ...args: never[]) => void): unknown;
}

export interface IpcRendererLike {
    invoke(channel: string, ...args: unknown[]): Promise<unknown>;
    send(channel: string, ...args: unknown[]): void;
    on(channel: string, listener: (event: unknown, ...args: never[]) => void): unknown;
}

export interface ContextBridgeLike {
    exposeInMainWorld(key: string, api: unknown): void;
}

// SPDX-License-Identifier: MIT
//
// What is used of Electron, as shapes: the package can be tested without Electron's binary, and works
// with every version that has them. A test compiles them against Electron's own types.

/** What did-start-navigation says, as far as it is asked. */
export interface NavigationLike {
    readonly isSameDocument?: boolean;
    readonly isMainFrame?: boolean;
}

/** A window's content, as far as messages go. */
export interface WebContentsLike {
    readonly id: number;
    isDestroyed(): boolean;
    send(channel: string, ...args: unknown[]): void;
    on(event: "did-navigate" | "render-process-gone", listener: () => void): unknown;
    on(event: "did-start-navigation", listener: (details: NavigationLike, url: string, isInPlace: boolean, isMainFrame: boolean) => void): unknown;
    once(event: "destroyed", listener: () => void): unknown;
}

export interface IpcEventLike {
    readonly sender: WebContentsLike;
    /** Null once the frame has been left. */
    readonly senderFrame: { readonly url: string } | null;
}

export interface IpcMainLike {
    handle(channel: string, listener: (event: IpcEventLike, ...args: any[]) => unknown): void;
    removeHandler(channel: string): void;
    on(channel: string, listener: (event: IpcEventLike, ...args: any[]) => void): unknown;
    removeListener(channel: string, listener: (...args: any[]) => void): unknown;
}

export interface IpcRendererLike {
    invoke(channel: string, ...args: unknown[]): Promise<unknown>;
    send(channel: string, ...args: unknown[]): void;
    on(channel: string, listener: (event: unknown, ...args: any[]) => void): unknown;
}

export interface ContextBridgeLike {
    exposeInMainWorld(key: string, api: unknown): void;
}

/** A Worker, a utility process, a forked child: whatever has messages. */
export interface WorkerLike {
    on(event: "message", listener: (message: any) => void): unknown;
}

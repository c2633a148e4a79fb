// SPDX-License-Identifier: MIT
//
// The calls of a page on their way to the main process. Those made in the same turn go as one message,
// so that a page that asks for twenty things pays for one way there; each is answered when it is ready.
// A call never rejects: what goes wrong on the way is an answer, too.

import type { Envelope } from "@logmill/client";
import type { IpcRendererLike } from "./electron_types.js";

interface Call {
    channel: string;
    args: unknown[];
    answer(envelope: Envelope<unknown>): void;
}

export class Gatherer {
    private waiting: Call[] = [];
    private readonly open = new Map<string, Call>();
    // An answer to the page that was here before must not meet a call of this one.
    private readonly page = Math.random().toString(36).slice(2);
    private last = 0;

    constructor(private readonly ipcRenderer: IpcRendererLike) {
        ipcRenderer.on("logmill:answers", (_, answers: [string, Envelope<unknown>][]) => {
            for (const [id, envelope] of answers) {
                this.open.get(id)?.answer(envelope);
                this.open.delete(id);
            }
        });
    }

    call(channel: string, args: unknown[]): Promise<Envelope<unknown>> {
        return new Promise((answer) => {
            if (this.waiting.push({ channel, args, answer }) === 1) queueMicrotask(() => void this.leave());
        });
    }

    private async leave(): Promise<void> {
        const calls = this.waiting.splice(0);
        if (calls.length === 1 || !(await this.together(calls))) await Promise.all(calls.map((call) => this.alone(call)));
    }

    /** False: the message could not be sent, because of one of them or because nobody is there. */
    private async together(calls: Call[]): Promise<boolean> {
        const named = calls.map((call) => [`${this.page}-${++this.last}`, call] as const);
        for (const [id, call] of named) this.open.set(id, call);
        try {
            await this.ipcRenderer.invoke(
                "logmill:calls",
                named.map(([id, { channel, args }]) => [id, channel, args]),
            );
            return true;
        } catch {
            for (const [id] of named) this.open.delete(id);
            return false;
        }
    }

    private async alone({ channel, args, answer }: Call): Promise<void> {
        try {
            answer((await this.ipcRenderer.invoke("logmill:call", channel, args)) as Envelope<unknown>);
        } catch (error) {
            answer(undelivered(channel, error as Error));
        }
    }
}

/** Electron's own words tell which of the two could not be copied: arguments on the way there, or the answer. */
function undelivered(channel: string, { message }: Error): Envelope<never> {
    const isOfMain = message.startsWith("Error invoking remote method");
    const code = isOfMain ? "IPC_HANDLER_ERROR" : "IPC_VALIDATION_ERROR";
    const what = isOfMain ? `${channel}: ${message}` : `the arguments of ${channel} cannot be sent: ${message}`;
    return { success: false, error: { code, message: what }, metadata: { executionTime: 0, cached: false, batched: false, requestId: "" } };
}

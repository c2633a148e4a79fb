// SPDX-License-Identifier: MIT
//
// The answers to calls that came in one message. Each leaves when it is there and waits for no other;
// those that are ready in the same turn of the loop leave together.

import type { WebContentsLike } from "./electron_types.js";
import { failure, type Envelope } from "./envelope.js";

export type Answer = [id: string, envelope: Envelope<unknown>];

export class Answers {
    private ready: Answer[] = [];

    constructor(private readonly window: WebContentsLike) {}

    add(id: string, envelope: Envelope<unknown>): void {
        if (this.ready.push([id, envelope]) === 1) setImmediate(() => this.leave());
    }

    private leave(): void {
        const answers = this.ready.splice(0);
        if (this.send(answers) === null) return;
        for (const [id, envelope] of answers) {
            const trouble = this.send([[id, envelope]]);
            if (trouble) this.send([[id, unsendable(envelope, trouble)]]);
        }
    }

    /** Null when they are on their way, or nobody is there any more. */
    private send(answers: Answer[]): Error | null {
        if (this.window.isDestroyed()) return null;
        try {
            this.window.send("logmill:answers", answers);
            return null;
        } catch (error) {
            return error as Error;
        }
    }
}

function unsendable(envelope: Envelope<unknown>, trouble: Error): Envelope<never> {
    const failed = failure(new Error(`the answer cannot be sent: ${trouble.message}`), envelope.metadata.requestId, 0);
    return { ...failed, metadata: envelope.metadata };
}

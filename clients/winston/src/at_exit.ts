// SPDX-License-Identifier: MIT
//
// A program that has nothing more to do ends, and what waits for the hub would go with it. So the end is
// put off, once, until the hub has it or the deadline of the transport has passed. process.exit() and
// signals do not ask: there the program calls flush() itself.

interface Flushing {
    readonly waiting: number;
    flush(): Promise<boolean>;
}

const all = new Set<Flushing>();

export function flushAtExit(transport: Flushing): void {
    if (all.size === 0) process.on("beforeExit", flushAll);
    all.add(transport);
}

function flushAll(): void {
    for (const transport of all) {
        if (transport.waiting === 0) continue;
        all.delete(transport); // once: a hub that is away must not keep the program for ever
        void transport.flush();
    }
}

// SPDX-License-Identifier: MIT
//
// Waiting: ask again and again until it is so, or until the deadline says that it never will be.

const PAUSE_MS = 5;

/** Resolves with the first truthy answer of `probe`; fails with a sentence when none comes in time. With `progress`, a
 * number, the time begins anew whenever that has changed: what is slow is waited for, what stands is not. */
export async function until(what, probe, ms = 10_000, progress = () => 0) {
    let deadline = Date.now() + ms;
    let before = progress();
    for (;;) {
        const answer = await probe();
        if (answer) return answer;
        const now = progress();
        if (now !== before) deadline = Date.now() + ms;
        before = now;
        if (Date.now() > deadline)
            throw new Error(`waited ${ms} ms in vain: ${typeof what === "function" ? what() : what}`);
        await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
}

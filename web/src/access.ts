// SPDX-License-Identifier: MIT
//
// What this browser may do at the hub.

import { HUB } from "./service";

export const SESSION = `${HUB}/api/v1/session`;

export interface Access {
    mayRead: boolean;
    hasSession: boolean;
}

/** A hub that does not say so is asked by the pages themselves. */
export async function accessNow(signal: AbortSignal | null = null): Promise<Access> {
    const response = await fetch(SESSION, { signal });
    if (!response.ok) return { mayRead: true, hasSession: false };
    const { scope, session } = (await response.json()) as { scope?: string; session?: boolean };
    return { mayRead: scope !== "none", hasSession: session === true };
}

// SPDX-License-Identifier: MIT
//
// What this browser may do at the hub. It is asked when the page opens, when the hub turns something away for
// want of a session, and after signing in.

import { Signal, useSignal } from "@logmill/react/page";
import { HUB } from "./router";

export const SESSION = `${HUB}/api/v1/session`;

export interface Access {
    mayRead: boolean;
    hasSession: boolean;
    /** This page could read before. */
    couldRead: boolean;
    /** Another one since somebody signed in here: what was refused may be asked again. */
    turn: number;
}

/** A hub that does not say so is asked by the pages themselves. */
const UNTOLD = { mayRead: true, hasSession: false };

const changed = new Signal();
let access: Access | null = null;
let asking: Promise<void> | null = null;
let turn = 0;

async function ask(): Promise<void> {
    const answer = await fetch(SESSION).catch(() => null);
    const { scope, session } = answer?.ok ? ((await answer.json()) as { scope?: string; session?: boolean }) : {};
    const told = answer?.ok ? { mayRead: scope !== "none", hasSession: session === true } : (access ?? UNTOLD);
    access = { mayRead: told.mayRead, hasSession: told.hasSession, couldRead: access?.mayRead || access?.couldRead || false, turn };
    asking = null;
    changed.fire();
}

export function askAccess(): Promise<void> {
    return (asking ??= ask());
}

/** The hub has turned something away that needs a session. */
export function turnedAway(): void {
    if (access?.mayRead !== false) void askAccess();
}

/** There is a session now. */
export function signedIn(): Promise<void> {
    turn += 1;
    return askAccess();
}

/** Null until it is known. */
export function useAccess(): Access | null {
    useSignal(changed);
    return access;
}

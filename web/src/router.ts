// SPDX-License-Identifier: MIT
//
// The address of the page as state. Links inside the page are followed without loading it anew; a
// filter that is being typed replaces the address, one that was chosen makes an entry in the history.

import { useSyncExternalStore, type MouseEvent } from "react";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
    listeners.add(listener);
    addEventListener("popstate", listener);
    return () => {
        listeners.delete(listener);
        removeEventListener("popstate", listener);
    };
}

const read = (): string => location.pathname + location.search;

/** What stands before the paths of the page when the hub has a base_path: every page is one level
 * below it. */
export const BASE = location.pathname.replace(/\/[^/]*$/, "");

/** The hub that this page came from. */
export const HUB = location.origin + BASE;

/** The address of a path of the page. */
export const href = (path: string): string => BASE + path;

export function useAddress(): { path: string; query: string } {
    const address = useSyncExternalStore(subscribe, read);
    const [path = "/"] = address.split("?");
    return { path: path.slice(BASE.length) || "/", query: location.search };
}

export function navigate(address: string, how: "push" | "replace" = "push"): void {
    if (address === read()) return;
    if (how === "push") history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    for (const listener of listeners) listener();
}

/** For onClick of a link: goes there unless the reader wants another tab. */
export function follow(event: MouseEvent<HTMLAnchorElement>): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const url = new URL(event.currentTarget.href);
    navigate(url.pathname + url.search);
}

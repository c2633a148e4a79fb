// SPDX-License-Identifier: MIT
//
// A window shows one page after another, and what a page opened ends with it: when another has been
// committed in its place, when its process is gone, or with the window. did-start-navigation alone ends
// nothing, for it also comes before a download, and with a #fragment or history.pushState. It begins a
// new generation; what older ones have left is dropped when the navigation is committed, whichever
// comes first, that news or the new page's own first message.

import type { IpcEventLike, NavigationLike, WebContentsLike } from "./electron_types.js";

export class Pages {
    private readonly generations = new Map<WebContentsLike, number>();

    /** `ended`: what pages of this window had whose generation is below `before` is to be dropped. */
    constructor(private readonly ended: (window: WebContentsLike, before: number) => void) {}

    /** That of the window's page. The window is watched from the first call on. */
    generation(window: WebContentsLike): number {
        const known = this.generations.get(window);
        if (known !== undefined) return known;
        this.watch(window);
        return 0;
    }

    private watch(window: WebContentsLike): void {
        this.generations.set(window, 0);
        const current = (): number => this.generations.get(window) ?? 0;
        window.on("did-start-navigation", (details: NavigationLike, _url, isInPlace, isMainFrame) => {
            const isOther = (details.isMainFrame ?? isMainFrame) && !(details.isSameDocument ?? isInPlace);
            if (isOther) this.generations.set(window, current() + 1);
        });
        window.on("did-navigate", () => this.ended(window, current()));
        window.on("render-process-gone", () => this.ended(window, Number.POSITIVE_INFINITY));
        window.once("destroyed", () => {
            this.generations.delete(window);
            this.ended(window, Number.POSITIVE_INFINITY);
        });
    }
}

const OWN = /^(file|app|devtools):|^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//;

/** A page of the app itself: from its files, or from a server of this machine while it is developed. */
export function isOwnPage(event: IpcEventLike): boolean {
    const url = event.senderFrame?.url;
    return url !== undefined && OWN.test(url);
}

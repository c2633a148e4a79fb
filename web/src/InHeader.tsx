// SPDX-License-Identifier: MIT
import { useLayoutEffect, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";

/** Into the header, which belongs to the page. */
export function InHeader({ children }: { children: ReactNode }): ReactNode {
    const [host, setHost] = useState<HTMLElement | null>(null);
    useLayoutEffect(() => setHost(document.getElementById("page-status")), []);
    return host && createPortal(children, host);
}

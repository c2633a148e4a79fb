// SPDX-License-Identifier: MIT
import type { ReactNode } from "react";
import type { Unread } from "@logmill/client";
import { plural } from "@logmill/react/page";

/** That an answer goes without lines which the hub has and cannot read. */
export function UnreadNote({ answer, children }: { answer: Unread | null; children?: ReactNode }): ReactNode {
    const { unread = 0 } = answer ?? {};
    if (unread === 0) return null;
    return (
        <p className="problem" role="alert" data-testid="unread">
            {plural(unread, "line")} could not be looked at: a file of the history is damaged. {children}
        </p>
    );
}

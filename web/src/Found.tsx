// SPDX-License-Identifier: MIT
//
// Matches as a plain list; each leads to its place among the other lines.

import type { ReactNode } from "react";
import type { LogMessage } from "@logmill/client";
import { dayAndClock, hueClass, safeText } from "@logmill/react/page";
import { follow, href } from "./router";

export function Found({ logs, utc }: { logs: readonly LogMessage[]; utc: boolean }): ReactNode {
    return (
        <ol className="found" data-testid="found">
            {logs.map((log) => {
                const time = Date.parse(log.timestamp);
                return (
                    <li key={log.id} className={`l-${log.level}`} data-id={log.id}>
                        <a href={href(`/logs?at=${log.id}`)} onClick={follow} title="Show it among the other lines">
                            {dayAndClock(time, utc)}
                        </a>{" "}
                        <span className="level">{log.level.toUpperCase().padEnd(5)}</span>{" "}
                        <span className={`source ${hueClass(log.source ?? "")}`}>{safeText(log.source ?? "")}</span>{" "}
                        <span className="message">{safeText(log.message)}</span>
                    </li>
                );
            })}
        </ol>
    );
}

// SPDX-License-Identifier: MIT
import { useEffect, useState, type ReactNode } from "react";
import { plural } from "./format.js";
import type { Session } from "./session.js";

const EVERY_MS = 5000;

function stateInWords(session: Session): string {
    const { connection, model } = session;
    if (connection.name === "waiting") return `Connection lost: ${connection.reason}. Reconnecting.`;
    if (connection.name === "connecting") return "Connecting.";
    if (connection.name === "refused") return `Refused: ${connection.reason}.`;
    if (session.behind) return "Catching up.";
    return model.pause ? "Paused." : "Live.";
}

/** Says what changed to screen readers, at most every five seconds; the list itself is silent. */
export function Announcer({ session }: { session: Session }): ReactNode {
    const [text, setText] = useState("");
    useEffect(() => {
        let state = "";
        let errors = session.model.errors;
        const timer = setInterval(() => {
            const fresh = session.model.errors - errors;
            const next = stateInWords(session);
            const news = [next === state ? "" : next, fresh > 0 ? `${plural(fresh, "new error")}.` : ""];
            state = next;
            errors = session.model.errors;
            if (news.some((part) => part !== "")) setText(news.filter(Boolean).join(" "));
        }, EVERY_MS);
        return () => clearInterval(timer);
    }, [session]);
    return (
        <div className="sr-only" role="status" aria-live="polite" data-testid="announcer">
            {text}
        </div>
    );
}

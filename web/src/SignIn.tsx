// SPDX-License-Identifier: MIT
//
// Who may not see something is asked for a token, which becomes a session: a cookie that scripts cannot read.
// The token itself is kept nowhere.

import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { Problem } from "@logmill/react/page";
import { SESSION, signedIn } from "./access";
import { href } from "./router";

/** What can be sent as a header at all. */
const SENDABLE = /^[\x21-\x7e]+$/;

/** Ends the session, and whatever of it this page still shows. */
export async function signOut(): Promise<void> {
    await fetch(SESSION, { method: "DELETE" });
    location.assign(href("/"));
}

/** Resolves with what was wrong, "" when there is a session now. */
async function signIn(token: string): Promise<string> {
    if (!SENDABLE.test(token)) return "This is not a token: one is `lmt_` with 48 letters and digits";
    try {
        const response = await fetch(SESSION, { method: "POST", headers: { authorization: `Bearer ${token}` } });
        if (response.ok) return "";
        const answer = (await response.json()) as { error?: { message?: string } };
        return answer.error?.message ?? `The hub answered ${response.status}`;
    } catch {
        return "The hub does not answer: is it running?";
    }
}

interface SignInProps {
    title: string;
    /** Instead of a page, not on one. */
    alone?: boolean;
    /** Who needs a token, and which. */
    children: ReactNode;
}

export function SignIn({ title, alone = false, children }: SignInProps): ReactNode {
    const [token, setToken] = useState("");
    const [error, setError] = useState("");
    const [busy, setBusy] = useState(false);
    const field = useRef<HTMLInputElement>(null);
    const submit = async (event: FormEvent): Promise<void> => {
        event.preventDefault();
        if (busy) return;
        setBusy(true);
        const wrong = await signIn(token.trim());
        setBusy(false);
        setError(wrong);
        if (wrong === "") await signedIn();
        else field.current?.select();
    };
    const Heading = alone ? "h1" : "h2";
    return (
        <form className={alone ? "signin alone" : "signin"} onSubmit={(event) => void submit(event)} data-testid="signin">
            <Heading>{title}</Heading>
            <p className="hint">{children}</p>
            <label>
                Token
                <input
                    ref={field}
                    type="password"
                    autoComplete="current-password"
                    autoFocus={alone}
                    required
                    placeholder="lmt_…"
                    value={token}
                    onChange={(event) => setToken(event.target.value)}
                />
            </label>
            <button type="submit" className="main" aria-busy={busy}>
                Sign in
            </button>
            <Problem text={error} />
        </form>
    );
}

// SPDX-License-Identifier: MIT
//
// Who may see nothing yet is asked for a token, which becomes a session: a cookie that scripts cannot read.
// The token itself is kept nowhere.

import { useState, type FormEvent, type ReactNode } from "react";
import { href } from "./router";
import { SESSION } from "./access";

/** Ends the session, and whatever of it this page still shows. */
export async function signOut(): Promise<void> {
    await fetch(SESSION, { method: "DELETE" });
    location.assign(href("/"));
}

/** Resolves with what was wrong, "" when there is a session now. */
async function signIn(token: string): Promise<string> {
    try {
        const response = await fetch(SESSION, { method: "POST", headers: { authorization: `Bearer ${token}` } });
        if (response.ok) return "";
        const answer = (await response.json()) as { error?: { message?: string } };
        return answer.error?.message ?? `The hub answered ${response.status}`;
    } catch {
        return "The hub does not answer, or this is not a token";
    }
}

export function SignIn({ onDone }: { onDone(): void }): ReactNode {
    const [token, setToken] = useState("");
    const [error, setError] = useState("");
    const [busy, setBusy] = useState(false);
    const submit = async (event: FormEvent): Promise<void> => {
        event.preventDefault();
        setBusy(true);
        const wrong = await signIn(token.trim());
        setBusy(false);
        setError(wrong);
        if (wrong === "") onDone();
    };
    return (
        <form className="signin" onSubmit={(event) => void submit(event)} data-testid="signin">
            <h1>Sign in</h1>
            <p className="hint">
                This hub shows its logs to those who have a token. <code>logmill token create</code> makes one; the address
                printed by <code>logmill serve</code> opens a session without.
            </p>
            <label>
                Token
                <input
                    type="password"
                    autoComplete="current-password"
                    autoFocus
                    required
                    placeholder="lmt_…"
                    value={token}
                    onChange={(event) => setToken(event.target.value)}
                />
            </label>
            <button type="submit" className="main" disabled={busy}>
                Sign in
            </button>
            {error !== "" && (
                <p className="problem" role="alert">
                    {error}
                </p>
            )}
        </form>
    );
}

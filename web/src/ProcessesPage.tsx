// SPDX-License-Identifier: MIT
//
// One card a process. Lines come over the admin stream and begin with the page; the store keeps
// everything all the same.

import type { ReactNode } from "react";
import { ConnectionStatus, Problem, ProcessCard, useProcesses } from "@logmill/react/page";
import { useAccess } from "./access";
import type { PageProps } from "./App";
import { InHeader } from "./InHeader";
import { follow } from "./router";
import { service } from "./service";
import { SignIn } from "./SignIn";

const HUB = { service };
/** What another token would change. */
const NEEDS_MORE = ["unauthorized", "insufficient_scope", "token_is_limited"];

export function ProcessesPage({ prefs, theme }: PageProps): ReactNode {
    const { processes, connection } = useProcesses(HUB);
    const access = useAccess();
    const error = "reason" in connection ? connection.reason : "";
    return (
        <section className="sheetpage" aria-label="Processes" tabIndex={0}>
            <InHeader>
                <ConnectionStatus connection={connection} testId="admin-status" />
            </InHeader>
            <div className="bar">
                <h1>Processes</h1>
            </div>
            <Problem text={error} testId={connection.name === "refused" ? "access" : "lost"} />
            {access?.mayRead && connection.name === "refused" && NEEDS_MORE.includes(connection.code) && (
                <SignIn title="Sign in as an administrator">
                    Processes are for those with a token of the scope <code>admin</code>, and no labels:{" "}
                    <code>logmill token create --scope admin</code> makes one.
                </SignIn>
            )}
            {connection.name === "live" && processes.length === 0 && (
                <p className="hint">
                    No processes yet. Name some under <code>processes:</code>, or run one: <code>logmill run -- make</code>
                </p>
            )}
            <div className="cards" data-testid="cards">
                {processes.map((process) => (
                    <ProcessCard key={process.name} process={process} utc={prefs.utc} theme={theme} onLink={follow} />
                ))}
            </div>
        </section>
    );
}

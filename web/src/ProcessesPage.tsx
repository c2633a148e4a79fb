// SPDX-License-Identifier: MIT
//
// One card a process. Lines come over the admin stream and begin with the page; the store keeps
// everything all the same.

import type { ReactNode } from "react";
import { ConnectionStatus, ProcessCard, useProcesses } from "@logmill/react/page";
import type { PageProps } from "./App";
import { InHeader } from "./InHeader";
import { follow } from "./router";
import { service } from "./service";

const HUB = { service };

export function ProcessesPage({ prefs, theme }: PageProps): ReactNode {
    const { processes, connection } = useProcesses(HUB);
    const error = "reason" in connection ? connection.reason : "";
    return (
        <section className="sheetpage" aria-label="Processes">
            <InHeader>
                <ConnectionStatus connection={connection} testId="admin-status" />
            </InHeader>
            <div className="bar">
                <h1>Processes</h1>
            </div>
            {error !== "" && (
                <p className="problem" role="alert" data-testid={connection.name === "refused" ? "access" : "lost"}>
                    {error}
                </p>
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

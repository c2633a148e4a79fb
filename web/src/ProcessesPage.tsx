// SPDX-License-Identifier: MIT
//
// One card a process. Lines come over the admin stream and begin with the page; the store keeps
// everything all the same.

import { useEffect, useMemo, useState, type ReactNode } from "react";
import { AdminStream, type ConnectionState, type LogStreamData, type ProcessStatus } from "@logmill/client";
import { useCountdown } from "@logmill/react/page";
import type { PageProps } from "./App";
import { InHeader } from "./InHeader";
import { ProcessBoard } from "./processes";
import { ProcessCard } from "./ProcessCard";
import { HUB, service } from "./service";
import { useAnswer } from "./useAnswer";

const MEASURE_MS = 2000;

function useBoard(): { board: ProcessBoard; state: ConnectionState } {
    const board = useMemo(() => new ProcessBoard(), []);
    const [state, setState] = useState<ConnectionState>({ name: "closed" });
    useEffect(() => {
        const stream = new AdminStream(HUB, {
            onLog: (log: LogStreamData) => board.log(log),
            onProcess: (status: ProcessStatus) => board.status(status),
            onState: setState,
        });
        board.attach(stream);
        stream.connect();
        return () => {
            stream.disconnect();
            board.detach();
        };
    }, [board]);
    return { board, state };
}

/** What processes take, read every few seconds while somebody looks. */
function useMeasures(board: ProcessBoard, live: boolean): void {
    const { data } = useAnswer(
        `processes ${live}`,
        async (signal) => {
            if (!live) return null;
            const { processes } = await service.ask<{ processes: ProcessStatus[] }>("/api/v1/processes", {}, { signal });
            return { processes, at: performance.now() };
        },
        MEASURE_MS,
    );
    useEffect(() => {
        if (data) board.measure(data.processes, data.at);
    }, [board, data]);
}

export function ProcessesPage({ prefs }: PageProps): ReactNode {
    const { board, state } = useBoard();
    const error = "reason" in state ? state.reason : "";
    useMeasures(board, state.name === "live");
    const cards = board.useCards();
    return (
        <section className="sheetpage" aria-label="Processes">
            <InHeader>
                <AdminState state={state} />
            </InHeader>
            <div className="bar">
                <h1>Processes</h1>
            </div>
            {error !== "" && <AccessHint error={error} />}
            {state.name === "live" && cards.length === 0 && (
                <p className="hint">
                    No processes yet. Name some under <code>processes:</code>, or run one: <code>logmill run -- make</code>
                </p>
            )}
            <div className="cards" data-testid="cards">
                {cards.map((name) => (
                    <ProcessCard key={name} board={board} name={name} utc={prefs.utc} />
                ))}
            </div>
        </section>
    );
}

function AdminState({ state }: { state: ConnectionState }): ReactNode {
    const seconds = useCountdown(state.name === "waiting" ? state.until : null);
    const [kind, words] = {
        live: ["live", "Live"],
        connecting: ["connecting", "Connecting…"],
        closed: ["connecting", "Not connected"],
        waiting: ["reconnecting", seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting now"],
        refused: ["refused", "Refused"],
    }[state.name] as [string, string];
    return (
        <div className={`status ${kind}`} data-testid="admin-status" data-state={kind}>
            <span className="dot" />
            <span className="state">{words}</span>
        </div>
    );
}

function AccessHint({ error }: { error: string }): ReactNode {
    return (
        <p className="problem" role="alert" data-testid="access">
            {error}. Processes may be seen and changed with the session that the address printed by{" "}
            <code>logmill serve</code> opens.
        </p>
    );
}

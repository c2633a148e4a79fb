// SPDX-License-Identifier: MIT
//
// The processes of a hub in React: which there are, and how they are reached.

import { useEffect, useMemo } from "react";
import type { ConnectionState } from "@logmill/client";
import { ProcessBoard, type Process } from "./processes.js";
import { useSignal } from "./signal.js";
import { useService, type HubProps } from "./useService.js";

export interface Processes {
    /** By name; each is for one ProcessCard. The list changes when there is another, not with what they say. */
    processes: readonly Process[];
    connection: ConnectionState;
}

/** Follows the processes of a hub as long as the component is there. For administrators. */
export function useProcesses(hub: HubProps = {}): Processes {
    const service = useService(hub);
    const board = useMemo(() => new ProcessBoard(service), [service]);
    useSignal(board.changed);
    useEffect(() => board.open(), [board]);
    return { processes: board.processes, connection: board.state };
}

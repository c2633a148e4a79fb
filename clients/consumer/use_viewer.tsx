// SPDX-License-Identifier: MIT
// Pages that show logs.
import { createLogStore, LogViewer, ProcessCard, useLogs, useProcesses } from "@logmill/react";

export function JobDetailsPage({ jobRunId }: { jobRunId: string }) {
    return <LogViewer jobRunId={jobRunId} height="600px" autoScroll={true} />;
}

export function TrafficDashboard() {
    return <LogViewer campaignId="campaign-123" userEmail="user@example.com" maxLogs={1000} autoScroll={true} />;
}

const store = createLogStore(500);
export function LogsPage() {
    const logs = useLogs(store);
    return <p>{logs.length}</p>;
}

export function AdminPanel() {
    const { processes, connection } = useProcesses({ baseUrl: "http://127.0.0.1:8514", token: "lmt_1" });
    if (connection.name === "waiting") return <p>{connection.reason}</p>;
    return processes.map((process) => <ProcessCard key={process.name} process={process} theme="light" />);
}

// SPDX-License-Identifier: MIT
//
// Job runs, and the log of the one that is chosen: ?hub=http://127.0.0.1:8514&job=42. The hub must name this
// page's origin in cors.origins.
import { LogStreamingService } from "@logmill/client";
import { LogViewer } from "@logmill/react";
import "@logmill/react/styles.css";
import { useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";

const params = new URLSearchParams(location.search);
const hub = params.get("hub") ?? "http://127.0.0.1:8514";

function useJobRuns(service) {
    const [runs, setRuns] = useState([]);
    useEffect(() => {
        const load = () => service.ask("/api/v1/job-runs", { limit: 50 }).then(({ job_runs }) => setRuns(job_runs), console.error);
        load();
        const timer = setInterval(load, 5000);
        return () => clearInterval(timer);
    }, [service]);
    return runs;
}

function JobPage() {
    const service = useMemo(() => new LogStreamingService(hub), []);
    const runs = useJobRuns(service);
    const [job, setJob] = useState(params.get("job"));
    return (
        <div style={{ display: "grid", gridTemplateColumns: "16em 1fr", height: "100vh", font: "14px sans-serif" }}>
            <nav style={{ padding: "1em", overflow: "auto" }}>
                <h1 style={{ fontSize: "1.2em" }}>Job runs</h1>
                <ul>
                    {runs.map(({ job_run_id, count, state }) => (
                        <li key={job_run_id}>
                            <button onClick={() => setJob(job_run_id)} aria-pressed={job === job_run_id}>
                                {job_run_id}
                            </button>{" "}
                            {count} lines, {state}
                        </li>
                    ))}
                </ul>
            </nav>
            {job ? <LogViewer key={job} jobRunId={job} service={service} /> : <p>Choose a run.</p>}
        </div>
    );
}

createRoot(document.getElementById("root")).render(<JobPage />);

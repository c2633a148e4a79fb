// SPDX-License-Identifier: MIT
//
// The viewer as a component of somebody else's page: one job run, one user's campaign, or everything.

import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { LogFilter } from "@logmill/client";
import { COLUMNS } from "./columns.js";
import { EVERYTHING, type Filter } from "./filter.js";
import { loadPrefs, type Prefs } from "./prefs.js";
import type { OpenStream } from "./row_stream.js";
import { Session } from "./session.js";
import { Counts, Status } from "./Status.js";
import { useService, type HubProps } from "./useService.js";
import { useTheme } from "./useTheme.js";
import type { Theme } from "./colour.js";
import { Viewer } from "./Viewer.js";

export interface LogViewerProps extends HubProps {
    jobRunId?: string;
    campaignId?: string;
    userEmail?: string;
    /** Further conditions: source, sessionId, level, … */
    filter?: LogFilter;
    /** Any CSS height. Without it the viewer fills its parent. */
    height?: string | number;
    /** Rows that are kept. Older ones are fetched again when one scrolls there. */
    maxLogs?: number;
    /** False: the list begins paused. */
    autoScroll?: boolean;
    theme?: "auto" | Theme;
    /** Where streams come from, when not from the page's own thread: `workerStreams(…)`. Keep it the same. */
    streams?: OpenStream;
}

export function LogViewer(props: LogViewerProps): ReactNode {
    const { height = "100%", maxLogs = 1000, autoScroll = true, theme: wanted = "auto", streams } = props;
    const [prefs, setPrefs] = useState<Prefs>(() => loadPrefs(false));
    const [columns, setColumns] = useState(COLUMNS);
    const theme = useTheme(wanted);
    const service = useService(props);
    const scope = useScope(props);
    const session = useMemo(() => {
        const filter: Filter = { ...EVERYTHING, job: props.jobRunId ?? "", scope };
        return new Session({ service, keep: maxLogs, filter, ...(streams && { streams }) });
    }, [service, scope, maxLogs, props.jobRunId, streams]);
    useEffect(() => {
        session.start();
        if (!autoScroll) session.pause();
        return () => session.stop();
    }, [session, autoScroll]);
    return (
        <div className="lm" data-theme={theme} style={{ height }}>
            <div className="bar top">
                <Status session={session} />
                <span className="space" />
                <Counts session={session} />
            </div>
            <Viewer
                session={session}
                theme={theme}
                prefs={prefs}
                onPrefs={setPrefs}
                columns={columns}
                onColumns={setColumns}
                keys="inside"
                withJob={props.jobRunId === undefined}
            />
        </div>
    );
}

/** The same object as long as it says the same, so that a new literal is no new session. */
function useScope({ campaignId, userEmail, filter }: LogViewerProps): LogFilter {
    const key = JSON.stringify({ ...filter, ...(campaignId && { campaignId }), ...(userEmail && { userEmail }) });
    return useMemo(() => JSON.parse(key) as LogFilter, [key]);
}

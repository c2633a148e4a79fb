// SPDX-License-Identifier: MIT
//
// The page: its header and, by the path of its address, what stands below.

import { useCallback, useMemo, useState, type ReactNode } from "react";
import {
    loadPrefs,
    savePrefs,
    useAnswer,
    useTheme,
    type Prefs,
    type Theme,
} from "@logmill/react/page";
import { accessNow } from "./access";
import { earlyAccess } from "./early";
import { Header } from "./Header";
import { JobsPage } from "./JobsPage";
import { LogsPage } from "./LogsPage";
import { ProcessesPage } from "./ProcessesPage";
import { useAddress } from "./router";
import { SearchPage } from "./SearchPage";
import { SignIn } from "./SignIn";
import { StatusPage } from "./StatusPage";

export interface PageProps {
    prefs: Prefs;
    onPrefs(prefs: Prefs): void;
    theme: Theme;
}

const PAGES: Record<string, (props: PageProps) => ReactNode> = {
    "/": LogsPage,
    "/logs": LogsPage,
    "/jobs": JobsPage,
    "/search": SearchPage,
    "/processes": ProcessesPage,
    "/status": StatusPage,
};

export function App(): ReactNode {
    const [prefs, setPrefs] = useState<Prefs>(() => loadPrefs(innerWidth < 640));
    const theme = useTheme(prefs.theme);
    const { path } = useAddress();
    const change = useCallback((next: Prefs): void => {
        setPrefs(next);
        savePrefs(next);
    }, []);
    const Page = useMemo(() => PAGES[path] ?? LogsPage, [path]);
    const access = useAnswer("access", accessNow);
    const known = access.data ?? earlyAccess();
    return (
        <div className="lm page" data-theme={theme}>
            <Header path={path} prefs={prefs} onPrefs={change} hasSession={known?.hasSession ?? false} />
            <main>
                {known?.mayRead === false && <SignIn onDone={access.again} />}
                {(known?.mayRead || access.error !== "") && <Page prefs={prefs} onPrefs={change} theme={theme} />}
            </main>
        </div>
    );
}

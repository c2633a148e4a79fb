// SPDX-License-Identifier: MIT
//
// The page: its header and, by the path of its address, what stands below.

import { useCallback, useMemo, useState, type ReactNode } from "react";
import {
    loadPrefs,
    savePrefs,
    useTheme,
    type Prefs,
    type Theme,
} from "@logmill/react/page";
import { useAccess } from "./access";
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
    const access = useAccess();
    const hasPage = access !== null && (access.mayRead || access.couldRead);
    return (
        <div className="lm page" data-theme={theme}>
            <Header path={path} prefs={prefs} onPrefs={change} hasPage={hasPage} hasSession={access?.hasSession ?? false} />
            <main>
                {access?.mayRead === false && (access.couldRead ? <Ended /> : <First />)}
                {hasPage && <Page key={access.turn} prefs={prefs} onPrefs={change} theme={theme} />}
            </main>
        </div>
    );
}

function First(): ReactNode {
    return (
        <SignIn title="Sign in" alone>
            This hub shows its logs to those who have a token. <code>logmill token create</code> makes one; the address
            printed by <code>logmill serve</code> opens a session without.
        </SignIn>
    );
}

/** Above what this page could read while it was allowed to. */
function Ended(): ReactNode {
    return (
        <SignIn title="Your session has ended">
            The hub shows nothing more to this browser: the token was withdrawn, or its time is over.
        </SignIn>
    );
}

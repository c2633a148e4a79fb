// SPDX-License-Identifier: MIT
//
// The upper line: whose page this is, its parts, and how it is shown.

import type { ReactNode } from "react";
import {
    ClockIcon,
    Logo,
    nextTheme,
    nextTime,
    SignOutIcon,
    themeName,
    ThemeIcon,
    timeName,
    WrapIcon,
    type Prefs,
} from "@logmill/react/page";
import { follow, href } from "./router";
import { signOut } from "./SignIn";

const TABS = [
    ["/logs", "Logs"],
    ["/jobs", "Jobs"],
    ["/search", "Search"],
    ["/processes", "Processes"],
    ["/status", "Status"],
] as const;

interface HeaderProps {
    path: string;
    prefs: Prefs;
    onPrefs(prefs: Prefs): void;
    /** There is a page below, not the question for a token alone. */
    hasPage: boolean;
    /** There is something to sign out of. */
    hasSession: boolean;
}

export function Header({ path: open, prefs, onPrefs, hasPage, hasSession }: HeaderProps): ReactNode {
    const current = open === "/" ? "/logs" : open;
    return (
        <header className="bar top">
            <a className="brand" href={href("/")} title="All lines" onClick={follow}>
                <Logo />
                logmill
            </a>
            {hasPage && (
                <nav className="tabs" aria-label="Pages">
                    {TABS.map(([path, name]) => (
                        <a key={path} href={href(path)} aria-current={path === current ? "page" : undefined} onClick={follow}>
                            {name}
                        </a>
                    ))}
                </nav>
            )}
            <span className="space" />
            <div id="page-status" className="pagestatus" />
            <div className="tools">
                {hasPage && (
                    <>
                        <button
                            type="button"
                            aria-pressed={prefs.wrap}
                            title="Wrap long lines (l)"
                            data-testid="wrap"
                            onClick={() => onPrefs({ ...prefs, wrap: !prefs.wrap })}
                        >
                            <WrapIcon />
                            <span className="word">Wrap</span>
                        </button>
                        <button
                            type="button"
                            title="Local time, UTC, or since the line before (T)"
                            data-testid="zone"
                            onClick={() => onPrefs(nextTime(prefs))}
                        >
                            <ClockIcon />
                            <span className="word">{timeName(prefs)}</span>
                        </button>
                    </>
                )}
                <button
                    type="button"
                    title="Colours: as the system, dark, light, high contrast (h)"
                    data-testid="theme"
                    onClick={() => onPrefs(nextTheme(prefs))}
                >
                    <ThemeIcon />
                    <span className="word">{themeName(prefs)}</span>
                </button>
                {hasSession && (
                    <button type="button" title="Sign out: ends the session of this browser" data-testid="sign-out" onClick={() => void signOut()}>
                        <SignOutIcon />
                        <span className="word">Sign out</span>
                    </button>
                )}
            </div>
        </header>
    );
}

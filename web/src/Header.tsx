// SPDX-License-Identifier: MIT
//
// The upper line: whose page this is, its parts, and how it is shown.

import type { ReactNode } from "react";
import { ClockIcon, Logo, ThemeIcon, WrapIcon, type Prefs } from "@logmill/react/page";
import { follow, href } from "./router";

const TABS = [
    ["/logs", "Logs"],
    ["/jobs", "Jobs"],
    ["/search", "Search"],
    ["/processes", "Processes"],
    ["/status", "Status"],
] as const;

const NEXT_THEME = { auto: "dark", dark: "light", light: "auto" } as const;

interface HeaderProps {
    path: string;
    prefs: Prefs;
    onPrefs(prefs: Prefs): void;
}

export function Header({ path: open, prefs, onPrefs }: HeaderProps): ReactNode {
    const current = open === "/" ? "/logs" : open;
    return (
        <header className="bar top">
            <a className="brand" href={href("/")} title="All lines" onClick={follow}>
                <Logo />
                logmill
            </a>
            <nav className="tabs" aria-label="Pages">
                {TABS.map(([path, name]) => (
                    <a key={path} href={href(path)} aria-current={path === current ? "page" : undefined} onClick={follow}>
                        {name}
                    </a>
                ))}
            </nav>
            <span className="space" />
            <div id="page-status" className="pagestatus" />
            <div className="tools">
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
                    title="Local time or UTC (T)"
                    data-testid="zone"
                    onClick={() => onPrefs({ ...prefs, utc: !prefs.utc })}
                >
                    <ClockIcon />
                    <span className="word">{prefs.utc ? "UTC" : "Local"}</span>
                </button>
                <button
                    type="button"
                    title="Colours: as the system, dark, or light"
                    data-testid="theme"
                    onClick={() => onPrefs({ ...prefs, theme: NEXT_THEME[prefs.theme] })}
                >
                    <ThemeIcon />
                    <span className="word">{{ auto: "Auto", dark: "Dark", light: "Light" }[prefs.theme]}</span>
                </button>
            </div>
        </header>
    );
}

// SPDX-License-Identifier: MIT
import { useEffect, useMemo, useState } from "react";
import type { Theme } from "./colour.js";

/** What the system likes, as long as nobody says otherwise. */
export function useTheme(wanted: "auto" | Theme): Theme {
    const query = useMemo(() => matchMedia("(prefers-color-scheme: light)"), []);
    const [light, setLight] = useState(query.matches);
    useEffect(() => {
        const change = (): void => setLight(query.matches);
        query.addEventListener("change", change);
        return () => query.removeEventListener("change", change);
    }, [query]);
    return wanted === "auto" ? (light ? "light" : "dark") : wanted;
}

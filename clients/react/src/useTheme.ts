// SPDX-License-Identifier: MIT
import { useEffect, useMemo, useState } from "react";
import type { Theme } from "./colour.js";

function useQuery(text: string): boolean {
    const query = useMemo(() => matchMedia(text), [text]);
    const [matches, setMatches] = useState(query.matches);
    useEffect(() => {
        const change = (): void => setMatches(query.matches);
        query.addEventListener("change", change);
        return () => query.removeEventListener("change", change);
    }, [query]);
    return matches;
}

/** What the system likes, as long as nobody says otherwise. */
export function useTheme(wanted: "auto" | Theme): Theme {
    const light = useQuery("(prefers-color-scheme: light)");
    const contrast = useQuery("(prefers-contrast: more)");
    if (wanted !== "auto") return wanted;
    return contrast ? "contrast" : light ? "light" : "dark";
}

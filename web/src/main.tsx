// SPDX-License-Identifier: MIT
import { createRoot } from "react-dom/client";
import "@logmill/react/styles.css";
import "./app.css";
import { App } from "./App";
import { answers } from "./early";

/** A hub with too many connections may have turned the style sheet away: it is asked once more. */
addEventListener("load", () => {
    for (const link of document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]"))
        if (!link.sheet?.cssRules.length) link.replaceWith(link.cloneNode());
});

await answers();
createRoot(document.getElementById("root") as HTMLElement).render(<App />);

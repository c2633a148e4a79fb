// SPDX-License-Identifier: MIT
import { createRoot } from "react-dom/client";
import "@logmill/react/styles.css";
import "./app.css";
import { App } from "./App";
import { answers } from "./early";

await answers();
createRoot(document.getElementById("root") as HTMLElement).render(<App />);

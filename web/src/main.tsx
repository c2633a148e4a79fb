// SPDX-License-Identifier: MIT
import { createRoot } from "react-dom/client";
import "@logmill/react/styles.css";
import "./app.css";
import { App } from "./App";

createRoot(document.getElementById("root") as HTMLElement).render(<App />);

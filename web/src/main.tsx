// SPDX-License-Identifier: MIT
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Session } from "./session";
import "./app.css";

const session = new Session();
session.start();
createRoot(document.getElementById("root") as HTMLElement).render(<App session={session} />);

// SPDX-License-Identifier: MIT
//
// A window with the whole viewer: live, history, filters. Its hub opens no port; what it asks goes through electronAPI.
import { LogViewer } from "@logmill/react";
import "@logmill/react/styles.css";
import { createRoot } from "react-dom/client";

createRoot(document.getElementById("root")).render(<LogViewer campaignId="campaign-123" userEmail="user@example.com" height="100vh" />);

// SPDX-License-Identifier: MIT
import { LogStreamingService } from "@logmill/client";

import { BASE } from "./router";

/** The hub that this page came from. */
export const HUB = location.origin + BASE;
export const service = new LogStreamingService(HUB);

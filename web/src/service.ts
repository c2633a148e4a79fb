// SPDX-License-Identifier: MIT
import { LogStreamingService } from "@logmill/client";

/** The hub that this page came from. */
export const service = new LogStreamingService();

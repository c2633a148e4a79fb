// SPDX-License-Identifier: MIT
// A child of an app, started with fork().
import { logToIPC } from "../dist/esm/index.js";

await logToIPC("c1", "a@b", "s1", "info", "from a child");

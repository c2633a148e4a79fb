// SPDX-License-Identifier: MIT
//
// A whole preload script. It is bundled into one file, dist/preload_script.cjs, because a sandboxed
// preload script may require nothing but electron:
//
//     webPreferences: { preload: require.resolve("@logmill/electron/preload-script") }

import { contextBridge, ipcRenderer } from "electron";
import { expose } from "./preload.js";

expose(contextBridge, ipcRenderer);

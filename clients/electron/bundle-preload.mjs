// SPDX-License-Identifier: MIT
// The second half of the build: the preload script as one file, for sandboxed windows.
import { build } from "esbuild";

await build({
    entryPoints: ["src/preload_script.ts"],
    outfile: "dist/preload_script.cjs",
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "chrome104", // Electron 20
    external: ["electron"],
    banner: { js: "// SPDX-License-Identifier: MIT" },
});

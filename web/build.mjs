// SPDX-License-Identifier: MIT
// node build.mjs OUT - builds the page into OUT and writes nothing beside the sources: the options
// are given to vite directly, since reading its own configuration makes it write a file there. What
// is large also comes packed (*.gz), so that the hub never has to.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import options from "./vite.config.mjs";

const out = process.argv[2];
if (!out) {
    console.error("usage: node build.mjs OUT");
    process.exit(2);
}
await build({
    ...options,
    root: dirname(fileURLToPath(import.meta.url)),
    cacheDir: resolve(out, "../web-cache"),
    configFile: false,
    logLevel: "warn",
    build: { ...options.build, outDir: resolve(out) },
});
for (const name of ["app.js", "worker.js", "app.css"]) {
    const file = resolve(out, "assets", name);
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
}

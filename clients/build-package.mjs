// SPDX-License-Identifier: MIT
// Run in a package's folder: compiles src/ twice, into dist/esm and dist/cjs, each with its types.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const kinds = [
    { name: "esm", module: "Node16", type: "module" },
    { name: "cjs", module: "CommonJS", type: "commonjs" },
];

rmSync("dist", { recursive: true, force: true });
for (const kind of kinds) {
    const resolution = kind.name === "esm" ? "Node16" : "Node10";
    const flags = ["--outDir", `dist/${kind.name}`, "--module", kind.module, "--moduleResolution", resolution];
    execFileSync(process.execPath, [tsc, "--project", "tsconfig.json", ...flags], { stdio: "inherit" });
    writeFileSync(`dist/${kind.name}/package.json`, `{ "type": "${kind.type}" }\n`);
}
copyFileSync("../../LICENSE", "LICENSE");
if (existsSync("src/styles.css")) copyFileSync("src/styles.css", "dist/styles.css");

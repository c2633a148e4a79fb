// SPDX-License-Identifier: MIT
//
// Where things are: the binaries under test, and the small programs that the tests run as children.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const tests = dirname(dirname(fileURLToPath(import.meta.url)));

/** The folder with the binaries: LOGMILL_BUILD, else build/ of this checkout. */
export const BUILD = resolve(process.env.LOGMILL_BUILD || join(tests, "..", "build"));
export const LOGMILL = join(BUILD, "logmill");
export const KEEPER = join(BUILD, "keeper");

if (!existsSync(LOGMILL))
    throw new Error(`there is no ${LOGMILL}: run make first, or name its folder in LOGMILL_BUILD`);

/** The path of tests/programs/<name>.c, compiled; only when its source is newer. */
export function program(name) {
    return compiled(name, name, []);
}

/** The same as a library for LD_PRELOAD. */
export function preload(name) {
    return compiled(name, `${name}.so`, ["-shared", "-fPIC"]);
}

function compiled(name, made, flags) {
    const source = join(tests, "programs", `${name}.c`);
    const folder = join(BUILD, "tests", "programs");
    const binary = join(folder, made);
    if (existsSync(binary) && statSync(binary).mtimeMs > statSync(source).mtimeMs) return binary;
    mkdirSync(folder, { recursive: true });
    const fresh = `${binary}.${process.pid}`;
    const cc = spawnSync("cc", ["-O1", "-Wall", "-Wextra", "-D_GNU_SOURCE", ...flags, "-o", fresh, source]);
    if (cc.status !== 0) throw new Error(`cannot compile ${source}: ${cc.stderr}`);
    renameSync(fresh, binary);
    return binary;
}

/** How often to repeat what a long run repeats; LOGMILL_ROUNDS overrides the small default. */
export function rounds(usual) {
    return Number(process.env.LOGMILL_ROUNDS) || usual;
}

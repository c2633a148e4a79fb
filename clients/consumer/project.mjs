// SPDX-License-Identifier: MIT
//
// Somebody's project that uses the packages as npm would deliver them: packed, unpacked, and beside them
// what they depend on. Nothing of this repository's sources can be reached from it by accident.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const CLIENTS = dirname(dirname(fileURLToPath(import.meta.url)));
export const PACKAGES = ["client", "react", "winston", "pino", "electron"];

/** What `npm pack` makes of each package: [{ name, files: [{ path, size }], filename, size }]. */
export function packAll(folder) {
    const flags = ["pack", "--json", "--silent", "--pack-destination", folder, ...PACKAGES.flatMap((name) => ["-w", name])];
    const told = JSON.parse(execFileSync("npm", flags, { cwd: CLIENTS, stdio: ["ignore", "pipe", "inherit"] }));
    return Object.values(told); // a list, or an object by name, as npm's version wants
}

/** Makes the project in `folder`. `more`: further node_modules folders whose packages it has installed; they come first. */
export function makeProject(folder, more = []) {
    const modules = join(folder, "node_modules");
    mkdirSync(join(modules, "@logmill"), { recursive: true });
    const tarballs = mkdtempSync(join(folder, "packed-"));
    const packages = packAll(tarballs);
    for (const { name, filename } of packages) {
        mkdirSync(join(modules, name));
        execFileSync("tar", ["xzf", join(tarballs, filename), "-C", join(modules, name), "--strip-components=1"]);
    }
    for (const from of [...more, join(CLIENTS, "node_modules")]) install(from, modules);
    return packages;
}

function install(from, modules) {
    for (const name of readdirSync(from)) {
        if (name.startsWith(".") || name === "@logmill") continue;
        if (name.startsWith("@")) {
            mkdirSync(join(modules, name), { recursive: true });
            for (const inner of readdirSync(join(from, name))) link(join(from, name, inner), join(modules, name, inner));
        } else link(join(from, name), join(modules, name));
    }
}

function link(target, path) {
    if (!existsSync(path)) symlinkSync(target, path);
}

/** A project that goes with the test. */
export function temporaryProject(t, more) {
    const folder = mkdtempSync(join(tmpdir(), "logmill-consumer-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return { folder, packages: makeProject(folder, more) };
}

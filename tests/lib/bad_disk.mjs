// SPDX-License-Identifier: MIT
//
// A disk under a hub's state that fails at every call that writes or syncs, for as long as a test wants.

import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { preload } from "./paths.mjs";
import { until } from "./wait.mjs";

const ERRNO = { EIO: 5, ENOSPC: 28 };

export class BadDisk {
    constructor(s) {
        this.path = s.path("disk");
        this.env = { LD_PRELOAD: preload("bad_disk"), BAD_DISK: this.path, BAD_DISK_DIR: s.path("state") };
    }

    /** From now on everything fails; resolves when it has done so this often. */
    async fail(error, times) {
        const before = this.refused;
        writeFileSync(`${this.path}`, String(ERRNO[error]));
        await until(() => `${times} refused calls; ${this.refused - before}`, () => this.refused >= before + times, 30_000);
    }

    heal() {
        rmSync(this.path);
    }

    get refused() {
        const file = `${this.path}.refused`;
        return existsSync(file) ? statSync(file).size : 0;
    }
}

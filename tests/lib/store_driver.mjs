// SPDX-License-Identifier: MIT
//
// build/tests/store_driver under strace: killed at, or refused, the Nth of the system calls that write.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILD } from "./paths.mjs";

const DRIVER = join(BUILD, "tests", "store_driver");
const HANGS_MS = 120_000;

export const KILLED_AT =
    "openat,mkdir,rename,unlink,rmdir,ftruncate,fallocate,pwrite64,write,fdatasync,fsync,mmap,munmap,madvise,pread64,close,fcntl";
/** Without write(): the loop wakes itself with it, and a kernel never refuses that. */
export const REFUSED_AT = "openat,mkdir,rename,unlink,ftruncate,fallocate,pwrite64,fdatasync,fsync";

export const hasStrace = () => spawnSync("strace", ["-V"]).status === 0;

export class StoreDriver {
    constructor(rounds) {
        this.dir = mkdtempSync(join(tmpdir(), "logmill-store-"));
        this.state = join(this.dir, "state");
        this.ledger = join(this.dir, "ledger");
        this.rounds = String(rounds);
    }

    remove() {
        rmSync(this.dir, { recursive: true, force: true });
    }

    run(...args) {
        return spawnSync(DRIVER, args, { encoding: "utf8", timeout: HANGS_MS });
    }

    strace(calls, ...args) {
        const work = [DRIVER, "work", this.state, this.ledger, this.rounds];
        return spawnSync("strace", ["-f", "-qq", "-e", `trace=${calls}`, ...args, ...work], {
            encoding: "utf8",
            timeout: HANGS_MS,
        });
    }

    /** A store with two rounds of history, so that there is something to lose. */
    begin() {
        rmSync(this.state, { recursive: true, force: true });
        rmSync(this.ledger, { force: true });
        assert.equal(this.run("work", this.state, this.ledger, "2").status, 0);
    }

    /** How many calls one whole run makes. */
    count(calls) {
        const trace = join(this.dir, "trace");
        this.begin();
        this.strace(calls, "-o", trace);
        return readFileSync(trace, "utf8").split("\n").length - 1;
    }

    /** One run with the Nth call killed ("signal=SIGKILL") or refused ("error=EIO"). */
    inject(calls, how, n) {
        this.begin();
        return this.strace(calls, "-o", "/dev/null", "-e", `inject=${calls}:${how}:when=${n}`);
    }

    /** Everything acknowledged is there once, and work goes on. */
    check(what) {
        for (const step of ["check", "work", "check"]) {
            const { status, stdout, stderr } = this.run(step, this.state, this.ledger, "1");
            assert.equal(status, 0, `${step} after ${what}: ${stdout}${stderr}`);
        }
    }
}

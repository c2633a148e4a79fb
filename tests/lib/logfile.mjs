// SPDX-License-Identifier: MIT
//
// A program that writes its log to a file: numbered lines ("out 17 …", for a ledger) in slices that
// end anywhere, and rotation in the ways that are common.

import { closeSync, copyFileSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

export class LogFile {
    lines = 0;
    rotations = 0;
    waiting = "";

    constructor(path) {
        this.path = path;
        this.open();
    }

    open() {
        this.fd = openSync(this.path, "a");
    }

    /** Numbered lines, cut into slices of random length; the last one may stay unfinished. */
    write(count) {
        for (let i = 0; i < count; i++) this.waiting += `out ${++this.lines} ${"x".repeat(this.lines % 120)}\n`;
        while (this.waiting.length > 0) {
            const n = 1 + Math.floor(Math.random() * 4000);
            writeSync(this.fd, this.waiting.slice(0, n));
            this.waiting = this.waiting.slice(n);
            if (this.waiting.length < 100 && Math.random() < 0.5) break;
        }
    }

    flush() {
        writeSync(this.fd, this.waiting);
        this.waiting = "";
    }

    /** As logrotate does: the writer goes on in the old file until it is told. */
    rotate() {
        renameSync(this.path, `${this.path}.${++this.rotations}`);
        this.write(Math.floor(Math.random() * 20));
        this.flush();
        closeSync(this.fd);
        this.open();
    }

    /** Deleted and made anew. */
    remake() {
        this.flush();
        rmSync(this.path);
        closeSync(this.fd);
        this.open();
    }

    copyTruncate() {
        copyFileSync(this.path, `${this.path}.copy`);
        ftruncateSync(this.fd, 0);
    }

    close() {
        this.flush();
        closeSync(this.fd);
    }
}

// SPDX-License-Identifier: MIT
//
// A clock that a hub believes and a test moves: libfaketime reads it from a file, at every call. Wall clock and
// monotonic clock move together, so timers are due at once; the hub notices with the next thing that wakes it. With
// `wallOnly` the wall clock is set alone, as by a person or by NTP.

import { renameSync, writeFileSync } from "node:fs";

const LIBRARY = "/usr/$LIB/faketime/libfaketime.so.1"; // the loader knows what $LIB is

export class FakeTime {
    constructor(path, { wallOnly = false } = {}) {
        this.path = path;
        this.wallOnly = wallOnly;
        this.set(0);
    }

    /** So many hours from now. In one step: a file that is half written would be another time. */
    set(hours) {
        writeFileSync(`${this.path}.new`, `${hours < 0 ? "" : "+"}${hours}h\n`);
        renameSync(`${this.path}.new`, this.path);
    }

    get env() {
        const env = { LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: this.path, FAKETIME_NO_CACHE: "1" };
        return this.wallOnly ? { ...env, FAKETIME_DONT_FAKE_MONOTONIC: "1" } : env;
    }
}

// SPDX-License-Identifier: MIT
//
// Somebody removes the plain file of a process that writes, or puts a link in its place: nothing outside is
// touched, people are told, and it goes on.

import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const script = "i=0; while :; do i=$((i + 1)); echo line $i; sleep 0.05; done";

scenario("a file that is removed is made again; a link in its place is told and never followed", async (s) => {
    const outside = s.path("precious");
    writeFileSync(outside, "precious\n");
    const hub = await s.hub({ processes: { web: { command: ["sh", "-c", script] } } });
    const file = join(hub.logDir, "web.log");
    const ws = await s.websocket(hub, { source: "web", after: "0" });
    await ws.record("line 1");

    rmSync(file);
    await until("the file to be made again", () => existsSync(file));
    rmSync(file);
    symlinkSync(outside, file);
    const warning = await ws.record((r) => /was removed or replaced.*: something else has its name; lines go on/.test(r.message));
    assert.equal(warning.level, "warn");
    assert.ok(lstatSync(file).isSymbolicLink());
    rmSync(file);
    const back = await ws.record((r) => /web\.log is written again; [1-9]\d* bytes are not in it/.test(r.message));
    assert.ok(lstatSync(file).isFile());

    assert.ok(back.id > warning.id);
    await s.logmill(["stop", "--socket", hub.socket, "web"]).end(20_000);
    const numbers = ws.messages.filter((m) => /^line \d+$/.test(m));
    assert.deepEqual(numbers, Array.from(numbers, (_, i) => `line ${i + 1}`));

    rmSync(file);
    symlinkSync(outside, file); // a new life finds it there
    assert.equal(await s.logmill(["start", "--socket", hub.socket, "web"]).end(20_000), 0);
    await until("a file of the new life", () => lstatSync(file).isFile());
    assert.equal(readFileSync(outside, "utf8"), "precious\n");
});

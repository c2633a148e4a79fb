// SPDX-License-Identifier: MIT
//
// A command that is not there: by hand and from the configuration, with the reason where people look.

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { undisturbed } from "../lib/bystander.mjs";
import { scenario } from "../lib/scenario.mjs";

scenario("run: not found is 127, not executable 126, and the reason is a line like any other", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub);
    writeFileSync(s.path("plain"), "no program\n");
    writeFileSync(s.path("script"), "#!/nonexistent/interpreter\n");
    chmodSync(s.path("script"), 0o755);
    const cases = [
        [
            "no-such-command",
            127,
            /cannot run 'no-such-command': command not found\. Is it installed and on PATH\?/,
        ],
        [s.path("nowhere"), 127, /command not found/],
        [s.path("plain"), 126, /cannot run '.*plain': permission denied\. Is it executable \(chmod \+x\)\?/],
        [s.folder("folder"), 126, /cannot run '.*': it is a folder, not a program/],
        [s.path("script"), 126, /the interpreter named in its first line was not found/],
    ];
    for (const [command, status, reason] of cases) {
        const run = s.run(hub, ["--name", `try-${status}`], [command]);
        assert.equal(await run.end(), status, command);
        assert.match(run.stderr, reason);
        const record = await ws.record((r) => r.stream === "stderr" && r.message.includes(command));
        assert.match(record.message, reason);
        await ws.record((r) => r.id > record.id && r.message === `exited with code ${status}`);
    }
});

scenario("processes: one that is not found has a state that says so; the others run", async (s) => {
    const hub = await s.hub({
        processes: {
            missing: { command: ["no-such-command"], labels: { job_run_id: "1" } },
            eager: { command: ["no-such-command"], restart: "on-failure" },
            nowhere: { command: ["true"], directory: s.path("no-such-folder") },
            good: { command: ["sleep", "60"] },
        },
    });
    await undisturbed(s, hub, async () => {
        const missing = await hub.processIn("missing", "disconnected");
        const words = "cannot run 'no-such-command': command not found. Is it installed and on PATH?";
        assert.equal(missing.reason, `ended with code 127: ${words}`);
        await hub.process.says(/WARN: Process missing ended with code 127: cannot run 'no-such-command'/);
        const eager = await hub.processIn("eager", "waiting");
        assert.match(eager.reason, /command not found.*; starts again in \d+\.\d s/);
        const nowhere = await hub.processIn("nowhere", "failed");
        assert.match(nowhere.reason, /its directory .*no-such-folder cannot be entered.*; make it, or change `directory`/);
        await hub.processIn("good", "running");
        const answer = await hub.get("/api/v1/logs/job-runs/1");
        assert.match(answer.json.logs[0].message, /cannot run 'no-such-command': command not found/);
    });
});

// SPDX-License-Identifier: MIT
//
// Limits for a process and everything it starts. The kernel takes them only where control groups of version 2
// were handed to us; elsewhere the process is refused with a sentence, and the first test is skipped.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1].replace(/^\/$/, "");
const controllers = `/sys/fs/cgroup${own ?? ""}/cgroup.controllers`;
const available = existsSync(controllers) && /\bmemory\b.*\bpids\b/.test(readFileSync(controllers, "utf8"));

scenario("memory and processes are limited, and who is killed for memory is recorded so", async (s, t) => {
    if (!available) return t.skip("no control group controllers here");
    const hub = await s.hub({
        processes: {
            greedy: { command: ["tail", "/dev/zero"], limits: { total_memory: "32MiB", total_swap: 0 } },
            many: { command: ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; wait"], limits: { total_processes: 4 } },
        },
    });
    const greedy = await hub.processIn("greedy", "disconnected");
    assert.match(greedy.reason, /SIGKILL: the machine ran out of memory/);
    await until("the refusal to start more", async () =>
        /fork/i.test(JSON.stringify((await hub.get("/api/v1/logs", { source: "many" })).json.logs)));
});

scenario("without the controllers the process is refused with what is missing, and the others run", async (s, t) => {
    if (available) return t.skip("this machine has them");
    const hub = await s.hub({
        processes: {
            limited: { command: ["sleep", "60"], limits: { nofile: 100, total_memory: "32MiB" } },
            plain: { command: ["sleep", "60"], limits: { nofile: 100 } },
        },
    });
    const limited = await hub.processIn("limited", "failed");
    assert.match(limited.reason, /its limits need the cgroup v2 controller 'memory', which \/sys\S* does not have; .*Delegate=yes/);
    await hub.processIn("plain", "running");
});

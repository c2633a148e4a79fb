// SPDX-License-Identifier: MIT
//
// An Electron app's main process starts a hub without a port, keeps records in it by campaign and
// user, and finds them again after it was killed.

import assert from "node:assert/strict";
import { HubBackend, startBackend } from "../../clients/electron/dist/esm/index.js";
import { LOGMILL } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";

const record = (message, more = {}) => ({
    campaignId: "c1",
    userEmail: "a@b.example",
    level: "info",
    message,
    timestamp: new Date().toISOString(),
    ...more,
});

scenario("records of an app are kept by a hub of its own", async (s) => {
    const started = await startBackend({ userData: s.dir, binary: LOGMILL, onMemoryOnly: (reason) => assert.fail(reason) });
    const { backend } = started;
    assert.ok(backend.isDurable);
    for (let i = 1; i <= 20; i++) backend.write(record(`line ${i}`, { sessionId: "s1" }));
    backend.write(record("of another", { campaignId: "c2" }));
    const logs = await backend.get("c1", "a@b.example", 3);
    assert.deepEqual(
        logs.map((log) => [log.message, log.sessionId, log.campaignId]),
        [18, 19, 20].map((n) => [`line ${n}`, "s1", "c1"]),
    );
    assert.equal(await backend.count("c1", "a@b.example"), 20);
    const again = await startBackend({ userData: s.dir, binary: "/nonexistent" });
    assert.ok(again.backend instanceof HubBackend, "the hub that runs is used");
    assert.equal(await again.backend.count("c2", "a@b.example"), 1);
    await again.stop();
    await started.stop();
});

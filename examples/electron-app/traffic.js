// SPDX-License-Identifier: MIT
// Work in a thread of its own, which logs through the main process.
const { workerData } = require("node:worker_threads");
const { logToIPC } = require("@logmill/electron");

const { campaignId, userEmail } = workerData;

async function runTraffic() {
    for (let visit = 1; visit <= 3; visit++) await logToIPC(campaignId, userEmail, `session-${visit}`, "info", `visit ${visit} of 3`);
    await logToIPC(campaignId, userEmail, "session-3", "warn", "a page was slow");
}

void runTraffic();

// SPDX-License-Identifier: MIT
//
// The path itself: one line of one process, seen by every kind of client.

import assert from "node:assert/strict";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { scenario } from "../lib/scenario.mjs";

scenario("the first line reaches WebSocket, EventSource, curl and tail", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub, { job_run_id: "7" });
    const sse = await s.eventSource(hub, { job_run_id: "7" });
    const curl = await s.curl(hub, { job_run_id: "7" });
    const tail = s.tail(hub, ["--job", "7", "--tail", "10"]);

    const run = s.run(hub, ["--name", "greeter", "--job", "7"], ["echo", "hello"]);
    const records = [];
    for (const client of [ws, sse, curl, tail]) records.push(await client.record("hello"));

    assert.equal(await run.end(), 0);
    assert.equal(run.stdout, "hello\n");
    for (const record of records) {
        assert.deepEqual(record, records[0], "all see the same record");
        assert.equal(record.source, "greeter");
        assert.equal(record.job_run_id, "7");
        assert.equal(record.process_id, "greeter");
        assert.equal(record.stream, "stdout");
        assert.equal(record.level, "info");
        assert.match(record.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
    for (const client of [ws, sse, curl, tail]) {
        const exit = await client.record("exited with code 0");
        assert.equal(exit.stream, "system");
        assert.equal(exit.fields.event, "exit");
        assert.equal(client.records.length, 2);
        assert.deepEqual(client.notices, []);
    }
});

scenario("the first line reaches a page in Chromium", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const page = await openPage(s, `${hub.url}/?ticket=${hub.ticket}`);
    await page.locator("[data-testid=status][data-state=live]").waitFor();
    assert.equal(new URL(page.url()).search, "", "the ticket is gone from the address");

    s.run(hub, ["--name", "greeter", "--job", "7"], ["echo", "hello page"]);
    const row = page.getByTestId("row").filter({ hasText: "hello page" });
    await row.waitFor();
    assert.equal(await row.getAttribute("data-level"), "info");
    assert.match(await row.innerText(), /greeter/);
    assert.deepEqual(page.errors, []);
});

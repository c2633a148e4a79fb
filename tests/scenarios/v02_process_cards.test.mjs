// SPDX-License-Identifier: MIT
//
// The process cards in Chromium: what processes say and how they do, a restart by a click, last words,
// a hub that comes back, and a page that may not.

import assert from "node:assert/strict";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const PROCESSES = {
    clock: { command: ["sh", "-c", "n=0; while :; do n=$((n+1)); echo tick $n; sleep 0.2; done"] },
    crash: { command: ["sh", "-c", "read -r line < $0; echo last words $line", "/dev/null"], restart: "never" },
};

async function openCards(s, hub) {
    const page = await openPage(s, `${hub.url}/?ticket=${hub.ticket}`);
    await page.getByRole("link", { name: "Processes" }).click();
    await page.getByTestId("card-clock").waitFor();
    return page;
}

const card = (page, name, state) => page.locator(`[data-testid=card-${name}][data-state=${state}]`).waitFor();

scenario("cards show lines, states and PIDs, and restart by a click", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub({ processes: PROCESSES });
    const page = await openCards(s, hub);
    await card(page, "clock", "running");
    const lines = page.getByTestId("lines-clock");
    await until("lines", async () => /tick \d+/.test(await lines.innerText()));
    const pid = async () => /PID (\d+)/.exec(await page.getByTestId("card-clock").innerText())?.[1];
    const before = await pid();
    assert.equal(Number(before), (await hub.processes()).clock.pid);
    await page.getByTestId("restart-clock").click();
    await until("another PID", async () => ![undefined, before].includes(await pid()));
    assert.equal(Number(await pid()), (await hub.processes()).clock.pid);
    process.kill(Number(await pid()), "SIGKILL");
    await card(page, "clock", "disconnected");
    assert.match(await page.getByTestId("card-clock").innerText(), /SIGKILL/);
    assert.deepEqual(page.errors, []);
});

scenario("after a reload a card begins empty; after the hub was killed it goes on", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub({ processes: PROCESSES, settings: { auth: { loopback: "admin" } } });
    const page = await openCards(s, hub);
    const lines = page.getByTestId("lines-clock");
    const ticks = async () => [...(await lines.innerText()).matchAll(/tick (\d+)/g)].map((m) => Number(m[1]));
    const seen = await until("lines", async () => (await ticks()).at(-1));
    await page.reload();
    await card(page, "clock", "running");
    assert.ok((await ticks()).every((tick) => tick > seen), "what was said before the reload is not shown again");
    await hub.kill();
    await until("the loss to show", async () => page.getByTestId("lost").isVisible());
    await hub.start();
    await card(page, "clock", "running");
    const last = async () => Number(/tick (\d+)\s*$/.exec(await lines.innerText())?.[1] ?? 0);
    const then = await last();
    await until("new lines", async () => (await last()) > then + 2);
});

scenario("without a session the page says what is missing", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub({ processes: PROCESSES });
    const page = await openPage(s, `${hub.url}/processes`);
    await page.getByTestId("access").waitFor();
    assert.match(await page.getByTestId("access").innerText(), /logmill serve/);
});

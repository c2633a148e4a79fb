// SPDX-License-Identifier: MIT
//
// The page in Chromium: under load, filtered, and when the hub dies and comes back.

import assert from "node:assert/strict";
import { noBrowser, openPage, rowsOf } from "../lib/browser.mjs";
import { program } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

function status(page, state) {
    return page.locator(`[data-testid=status][data-state=${state}]`).waitFor();
}

async function count(page) {
    return Number((await page.getByTestId("count").innerText()).replace(/\D/g, ""));
}

scenario("the page counts every line of 5,000 a second and follows the newest", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const lines = 10_000;
    const hub = await s.hub();
    const page = await openPage(s, `${hub.url}/logs?job_run_id=load`);
    await status(page, "live");
    const run = s.run(
        hub,
        ["--name", "writer", "--job", "load", "--quiet"],
        [program("writer"), "5000", String(lines)],
    );
    await run.end();
    await until("the page to have all", async () => (await count(page)) === lines + 2);
    const rows = await until("the end in sight", async () => {
        const drawn = await rowsOf(page);
        return drawn.at(-1)?.text.includes("exited with code 0") && drawn;
    });
    assert.ok(rows.length < 200, "only what can be seen is in the document");
    const ids = rows.map((row) => row.id);
    assert.ok(
        ids.every((id, i) => i === 0 || id === ids[i - 1] + 1),
        `rows in order, none missing: ${ids}`,
    );
    assert.equal(await page.getByTestId("dropped").count(), 0);
    assert.deepEqual(page.errors, []);
});

scenario("the page resumes when the hub was killed: each line once", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const page = await openPage(s, `${hub.url}/logs?job_run_id=1`);
    await status(page, "live");
    await s.run(hub, ["--name", "count", "--job", "1"], ["seq", "1", "10"]).end();
    await until("the first lines", async () => (await count(page)) === 11);
    await hub.kill();
    await status(page, "reconnecting");
    const run = s.run(hub, ["--name", "count", "--job", "1"], ["sh", "-c", "seq 11 20; exec sleep 60"]);
    await until("lines without a hub", () => run.stdout.includes("20\n"));
    await hub.start();
    await status(page, "live");
    await until("all lines", async () => (await count(page)) === 21);
    const numbers = (await rowsOf(page)).map((row) => Number(/(\d+)$/.exec(row.text.trim())?.[1]));
    assert.deepEqual(
        numbers.filter((n, i) => i !== 10),
        Array.from({ length: 20 }, (_, i) => i + 1),
    );
});

scenario("what a child prints cannot become part of the page", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const page = await openPage(s, hub.url);
    await status(page, "live");
    const evil = '<img src=x onerror="window.owned=1"><script>window.owned=1</script> end';
    await s.run(hub, ["--name", "evil"], ["echo", evil]).end();
    const row = page.getByTestId("row").filter({ hasText: "onerror" });
    await row.waitFor();
    assert.ok((await row.innerText()).includes(evil));
    assert.equal(await page.evaluate(() => window.owned), undefined);
    assert.equal(await page.getByTestId("row").locator("img, script").count(), 0);
    assert.deepEqual(page.errors, []);
});

scenario("level and text filter of the page choose lines", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    await s
        .run(
            hub,
            ["--name", "mixed", "--job", "1"],
            ["sh", "-c", "echo one; echo WARN: two; echo ERROR: three two"],
        )
        .end();
    const page = await openPage(s, `${hub.url}/logs?job_run_id=1&level=warn&search=two`);
    await status(page, "live");
    await until("the two lines", async () => (await count(page)) === 2);
    const texts = (await rowsOf(page)).map((row) => row.text);
    assert.match(texts[0], /WARN: two/);
    assert.match(texts[1], /ERROR: three two/);
});

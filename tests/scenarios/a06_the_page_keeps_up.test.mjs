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

/** Where the rows lie that are drawn: [id, pixels from the upper edge of the list]. */
const placesOf = (page) =>
    page.getByTestId("list").evaluate((list) => {
        const { top } = list.getBoundingClientRect();
        const rows = [...list.querySelectorAll(".row")].map((row) => [Number(row.dataset.id), Math.round(row.getBoundingClientRect().top - top)]);
        return rows.sort(([a], [b]) => a - b);
    });

scenario("a turn of the wheel amid 5,000 lines a second stops there; nothing moves until the end is reached again", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const page = await openPage(s, `${hub.url}/logs`);
    await status(page, "live");
    const run = s.run(hub, ["--name", "writer", "--quiet"], [program("writer"), "5000"]);
    await until("a long list", async () => (await count(page)) > 2000);
    const list = page.getByTestId("list");
    const lowest = () => list.evaluate(({ clientHeight }) => clientHeight - 20);
    await until("the newest line at the lower edge", async () => (await placesOf(page)).at(-1)?.[1] === (await lowest()));
    await list.hover();
    await page.mouse.wheel(0, -300);
    await status(page, "paused");
    let before = await placesOf(page);
    await until("it to stand", async () => {
        const now = await placesOf(page);
        const stands = JSON.stringify(now) === JSON.stringify(before);
        before = now;
        return stands;
    });
    assert.equal(before.filter(([id], i) => id !== before[0][0] + i).length, 0, "rows in order");
    const received = Number(await list.getAttribute("data-received"));
    await until("more lines", async () => Number(await list.getAttribute("data-received")) > received + 5000);
    assert.deepEqual(await placesOf(page), before, "what is on the screen stays there");
    run.signal("SIGTERM");
    await run.end();
    await until("the end", async () => {
        await page.mouse.wheel(0, 1_000_000);
        return (await page.getByTestId("status").getAttribute("data-state")) === "live";
    });
    await until("the last line at the lower edge", async () => (await placesOf(page)).at(-1)?.[1] === (await lowest()));
    assert.equal(await list.evaluate(({ scrollTop, scrollHeight, clientHeight }) => scrollHeight - scrollTop - clientHeight), 0);
    assert.deepEqual(page.errors, []);
});

scenario("a list that is taller than a browser allows is scrolled by pixels, and has both its ends", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const rows = 52_500;
    const hub = await s.hub();
    const page = await openPage(s, "about:blank");
    await page.setViewportSize({ width: 420, height: 700 });
    await page.addInitScript(() => localStorage.setItem("logmill.prefs", JSON.stringify({ wrap: true })));
    await page.goto(`${hub.url}/logs?job_run_id=tall`);
    await status(page, "live");
    const body = Array.from({ length: 17_500 }, (_, i) => `{"job_run_id":"tall","message":"${i} ${"eight lines each ".repeat(30)}"}`).join("\n");
    for (let n = 0; n < rows; n += 17_500) {
        await hub.get("/api/v1/logs", {}, { method: "POST", headers: { "content-type": "application/x-ndjson" }, body });
        await until("the page to have them", async () => (await count(page)) === n + 17_500);
    }
    const list = page.getByTestId("list");
    const atEdge = async (which) => (await placesOf(page)).at(which);
    const height = await list.evaluate(({ clientHeight }) => clientHeight);
    await until("the newest at the lower edge", async () => (await atEdge(-1))[1] === height - 8 * 20);
    const [newest] = await atEdge(-1);
    assert.ok((await list.evaluate(({ scrollHeight }) => scrollHeight)) < 8.1e6, "and told as less");
    await list.hover();
    await page.mouse.wheel(0, -500);
    await status(page, "paused");
    await until("as far as the wheel was turned", async () => new Map(await placesOf(page)).get(newest - 5) === height - 6 * 160 + 500);
    await page.keyboard.press("g");
    await until("the oldest", async () => (await atEdge(0)).join() === `${newest - rows + 1},0`);
    await page.mouse.wheel(0, 500);
    await until("down again", async () => new Map(await placesOf(page)).get(newest - rows + 1 + 4) === 4 * 160 - 500);
    await page.keyboard.press("End");
    await until("the newest again", async () => (await atEdge(-1)).join() === `${newest},${height - 8 * 20}`);
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

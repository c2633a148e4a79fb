// SPDX-License-Identifier: MIT
//
// Lines made to break a page: shown right, or as marks, and harmless. They come from a child, so they
// are what the page meets in real life.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const ESC = "\x1b";
/** What is printed, and what may be read on the page. */
const LINES = [
    ["<script>window.owned=1</script>", "<script>window.owned=1</script>"],
    ['<img src=x onerror="window.owned=1">', '<img src=x onerror="window.owned=1">'],
    [`a${ESC}[2J${ESC}[H${ESC}]0;title\x07b`, "ab"],
    [`${ESC}]8;;javascript:window.owned=1${ESC}\\link${ESC}]8;;${ESC}\\`, "link"],
    [`${ESC}[38;2;15;18;20mhidden${ESC}[0m`, "hidden"],
    [`${ESC}Punfinished string to the end`, ""],
    ["one\rtwo\x00three\x08", "one\\rtwo\\0three\\x08"],
    ["user\u202egnp.exe", "user\\u{202E}gnp.exe"],
    ["zero\u200bwidth\u2066x", "zero\\u{200B}width\\u{2066}x"],
    ["שלום hello", "שלום hello"],
    ["é family 👨‍👩‍👧 日本語", "é family 👨‍👩‍👧 日本語"],
    ["e" + "\u0301".repeat(40), "e" + "\u0301".repeat(40)],
    ['{"message":"from JSON","__proto__":{"owned":1},"constructor":"x"}', "from JSON"],
    ["%s %n ${7*7} {{7*7}}", "%s %n ${7*7} {{7*7}}"],
];

scenario("hostile lines are shown and do nothing", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const huge = "x".repeat(1024 * 1024);
    writeFileSync(s.path("lines"), [...LINES.map(([line]) => line), huge, "the end"].join("\n") + "\n");
    const page = await openPage(s, `${hub.url}/logs?job_run_id=evil`);
    await page.locator("[data-testid=status][data-state=live]").waitFor();
    await s.run(hub, ["--name", "evil", "--job", "evil", "--quiet"], ["cat", s.path("lines")]).end();
    const rows = page.getByTestId("row");
    await rows.filter({ hasText: "the end" }).waitFor();
    const shown = await page.locator(".row > .message").allTextContents();
    LINES.forEach(([, wanted], i) => assert.equal(shown[i], wanted, `line ${i}`));

    // A line is as high as every other, whatever stands in it, and lies where it belongs.
    const boxes = await rows.evaluateAll((all) => all.map((row) => row.getBoundingClientRect()).map(({ top, height }) => [top, height]));
    boxes.forEach(([top, height], i) => {
        assert.equal(height, boxes[0][1]);
        if (i > 0) assert.equal(top - boxes[i - 1][0], height);
    });

    // Opened, searched, made columns of, and chosen: still nothing but text.
    for (const text of ["<script>", "from JSON", "gnp.exe"]) {
        await rows.filter({ hasText: text }).click();
        await page.locator(".row.opened").filter({ hasText: text }).waitFor();
        await page.keyboard.press("Enter");
    }
    await page.goto(`${hub.url}/logs?job_run_id=evil&columns=${encodeURIComponent("time,<b>,__proto__,constructor,source")}`);
    await rows.filter({ hasText: "the end" }).waitFor();
    await page.goto(`${hub.url}/search?q=${encodeURIComponent("job_run_id:evil")}`);
    await page.getByTestId("found").waitFor();
    assert.equal(await page.getByTestId("found").locator("img, script, b").count(), 0);
    assert.equal(await page.evaluate(() => [window.owned, {}.owned, document.title].join()), ",,logmill");
    assert.equal(await page.locator("main img, main script, main a[href^=javascript]").count(), 0);
    assert.deepEqual(page.errors, []);
});

scenario("a line of a megabyte can be opened, and the page goes on", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const page = await openPage(s, `${hub.url}/logs?job_run_id=1`);
    await page.locator("[data-testid=status][data-state=live]").waitFor();
    const shell = "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo after";
    await s.run(hub, ["--name", "long", "--job", "1", "--quiet"], ["sh", "-c", shell]).end();
    await page.getByTestId("row").filter({ hasText: "after" }).waitFor();
    const long = page.getByTestId("row").filter({ hasText: "xxxx" }).first();
    await long.click();
    await page.locator(".row.opened").waitFor();
    await page.keyboard.press("l");
    await until("the page to answer", async () => (await page.getByTestId("wrap").getAttribute("aria-pressed")) === "true");
    assert.deepEqual(page.errors, []);
});

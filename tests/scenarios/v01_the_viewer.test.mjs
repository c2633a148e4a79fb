// SPDX-License-Identifier: MIT
//
// The viewer in Chromium, by keyboard: back to the first line and to the present again, from error
// to error, what lies around a line, a filter with a mistake, completion, a time in words, a link.

import assert from "node:assert/strict";
import { noBrowser, openPage, rowsOf } from "../lib/browser.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LINES = 1200;

async function open(s, query = "") {
    const hub = await s.hub();
    await s.run(hub, ["--name", "count", "--job", "1", "--quiet"], ["seq", "1", String(LINES)]).end();
    const shell = "for i in 1 2 3 4 5; do echo fine $i; echo ERROR: bad $i; done";
    await s.run(hub, ["--name", "mix", "--job", "2", "--quiet"], ["sh", "-c", shell]).end();
    const page = await openPage(s, `${hub.url}/logs${query}`);
    await state(page, "live");
    await row(page, query === "" ? "exited with code 0" : "bad 5");
    return { hub, page };
}

const state = (page, name) => page.locator(`[data-testid=status][data-state=${name}]`).waitFor();
const row = (page, text) => page.getByTestId("row").filter({ hasText: text }).last().waitFor();
/** What one sees in the middle of the list: the text of a row, or nothing. */
const middle = (page) =>
    page.getByTestId("list").evaluate((list) => {
        const box = list.getBoundingClientRect();
        const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return there?.closest("[data-testid=row]")?.textContent ?? "";
    });
const count = async (page) => Number((await page.getByTestId("count").innerText()).replace(/\D/g, ""));

scenario("scrolling up goes back to the very first line, End to the present", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { hub, page } = await open(s);
    assert.ok((await count(page)) < LINES, "not everything is loaded at first");
    await until("a line in the middle of the list, while it follows", () => middle(page));
    const first = await until("the first line", async () => {
        await page.keyboard.press("g");
        const [top] = await rowsOf(page);
        return top?.id === 1 && top;
    });
    assert.match(first.text, /Local socket/);
    assert.equal(await page.getByTestId("list").getAttribute("data-order-faults"), "0");
    await state(page, "paused");
    await until("a line in the middle, while it is paused", () => middle(page));
    await s.run(hub, ["--name", "more", "--quiet"], ["echo", "news"]).end();
    await until("the bar to count", async () => /[1-9]\d* new/.test(await page.getByTestId("resume").innerText()));
    await page.keyboard.press("End");
    await row(page, "news");
    await state(page, "live");
    assert.deepEqual(page.errors, []);
});

scenario("from error to error, and what lies around one without the filter", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s, "?level=error");
    await until("errors only", async () => (await rowsOf(page)).every((r) => r.level === "error"));
    await page.keyboard.press("E");
    await page.keyboard.press("E");
    assert.match(await page.locator(".row.active").innerText(), /bad 4/);
    await page.keyboard.press("c");
    await row(page, "fine 4");
    assert.match(await page.locator(".row.sought").innerText(), /bad 4/);
    assert.equal(new URL(page.url()).search, "", "the filter is lifted");
    await page.goBack();
    await until("the filter again", async () => (await rowsOf(page)).every((r) => r.level === "error"));
});

scenario("a mistake in a filter is pointed at, and completion knows what is there", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    const field = page.getByTestId("search");
    await page.keyboard.press("/");
    await page.keyboard.type("level>=warn (bad");
    assert.match(await page.getByTestId("filter-error").innerText(), /never closed/);
    await field.fill("");
    await field.pressSequentially("sou");
    await page.keyboard.press("Tab");
    await field.pressSequentially("m");
    await page.keyboard.press("Tab");
    assert.equal(await field.inputValue(), "source:mix");
    await until("lines of that source", async () => {
        const rows = await rowsOf(page);
        return rows.length === 11 && rows.every((r) => / mix /.test(r.text));
    });
    assert.equal(new URL(page.url()).searchParams.get("q"), "source:mix");
});

scenario("a filter that the hub refuses is told as such, with the way out", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    await hub.get("/api/v1/logs", {}, { method: "POST", body: JSON.stringify({ message: `${"a".repeat(40)}b` }) });
    const told = async (q, words) => {
        await page.goto(`${hub.url}/logs?q=${encodeURIComponent(q)}`);
        await page.getByTestId("empty").filter({ hasText: words }).filter({ hasText: "cannot use this filter" }).waitFor();
    };
    const page = await openPage(s, hub.url);
    await told("/(/", "missing closing parenthesis");
    await told("/^(a+)+$/", "takes too long");
    await page.getByRole("button", { name: "Show all lines" }).click();
    await page.getByTestId("row").filter({ hasText: "aaab" }).waitFor();
    await page.goto(`${hub.url}/logs?at=999`);
    await page.getByTestId("trouble").filter({ hasText: "not kept any more" }).waitFor();
});

scenario("a member of a line becomes a filter by a click", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    await page.getByTestId("row").filter({ hasText: "bad 3" }).click();
    await page.locator('[data-act=include][data-key=job_run_id]').click();
    await until("one job", async () => (await count(page)) === 11);
    assert.equal(await page.getByTestId("search").inputValue(), "job_run_id:2");
    await page.locator('[data-act=exclude][data-key=level]').click();
    await until("no errors", async () => (await count(page)) === 6);
});

scenario("a time in words, and a link to a line", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    await page.keyboard.press("t");
    await page.getByTestId("seek-words").fill("1h ago");
    await page.keyboard.press("Enter");
    await until("the first line", async () => (await rowsOf(page))[0]?.id === 1);
    await page.goto(page.url().replace(/\/logs.*/, "/logs?at=600"));
    const sought = page.locator(".row.sought");
    await sought.waitFor();
    assert.equal(await sought.getAttribute("data-id"), "600");
    assert.deepEqual(page.errors, []);
});

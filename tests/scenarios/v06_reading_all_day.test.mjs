// SPDX-License-Identifier: MIT
//
// What somebody needs who looks at the page all day, in Chromium: from hit to hit, bookmarks that stay, lines
// for a ticket, larger characters, an end of the list that is at its end, and no loss without a word.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { noBrowser, openPage, rowsOf } from "../lib/browser.mjs";
import { damagedHistory, JOBS, N } from "../lib/damage.mjs";
import { Proxy } from "../lib/proxy.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LINES = 1500;
const state = (page, name) => page.locator(`[data-testid=status][data-state=${name}]`).first().waitFor();
const press = (page, key) => page.keyboard.press(key);
const activeLine = (page) => page.locator(".row.active").innerText({ timeout: 1000 }).catch(() => "");
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const at = (page, what, text) => until(what, async () => (await activeLine(page)).trimEnd().endsWith(text));

async function open(s, query = "") {
    const hub = await s.hub();
    const shell = `echo needle first; seq 1 ${LINES}; echo needle last; echo done`;
    await s.run(hub, ["--name", "app", "--job", "7", "--quiet"], ["sh", "-c", shell]).end();
    const page = await openPage(s, `${hub.url}/logs${query}`);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await state(page, "live");
    return { hub, page };
}

scenario("hits are copied as text and Markdown, and lead from one to the next among the lines between, loaded or not", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s, "?q=needle");
    await until("hits only", async () => (await rowsOf(page)).length === 2);
    await press(page, "N");
    await at(page, "the last hit", "needle last");
    await press(page, "K");
    await until("two lines", async () => (await page.locator(".row.chosen").count()) === 2);
    await press(page, "Y");
    await page.getByTestId("note").filter({ hasText: "Copied: 2 lines as Markdown" }).waitFor();
    assert.match(await clipboard(page), /^### app, job run 7, .*\n\n```text\n.*needle first\n.*needle last\n```\n\n\[In logmill\]\(http.*at=\d+\)\n$/);
    await press(page, "y");
    await page.getByTestId("note").filter({ hasText: "Copied: 2 lines" }).waitFor();
    await until("text", async () => /^[\d:.]+ INFO app: needle first\n/.test(await clipboard(page)));
    await press(page, "Escape");
    await press(page, "n");
    await at(page, "the last hit again", "needle last");
    await press(page, "F");
    await page.getByTestId("row").filter({ hasText: "done" }).waitFor();
    await at(page, "the same line among others", "needle last");
    assert.match(await page.getByTestId("hits-total").innerText(), /^2 in all$/);
    assert.equal(await page.locator(".row .hit").first().innerText(), "needle");
    await press(page, "N");
    await at(page, "the hit before it, which was not loaded", "needle first");
    await press(page, "N");
    await page.getByTestId("note").filter({ hasText: "No earlier hit" }).waitFor();
    await page.getByTestId("hit-next").click();
    await at(page, "the last one again", "needle last");
    await press(page, "F");
    await until("hits only", async () => (await rowsOf(page)).length === 2);
    assert.equal(await page.getByTestId("search").inputValue(), "needle");
    await page.getByTestId("row").filter({ hasText: "needle last" }).click();
    await press(page, "c");
    await page.getByTestId("hits").waitFor();
    await page.getByTestId("hits-filter").click();
    await until("hits only, after a look around", async () => (await rowsOf(page)).length === 2);
    assert.deepEqual(page.errors, []);
});

scenario("bookmarks survive a reload, lead to their lines, and are copied and saved", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    await press(page, "E"); // no error: nothing happens
    await page.getByTestId("row").filter({ hasText: "needle last" }).click();
    await press(page, "m");
    await press(page, "/");
    await page.keyboard.type("first");
    await press(page, "Escape");
    await page.getByTestId("row").filter({ hasText: "needle first" }).click();
    await page.locator("[data-act=mark]").last().click();
    await page.locator(".row.bookmarked").filter({ hasText: "needle first" }).waitFor();
    await page.getByTestId("search").fill("");
    await page.reload();
    await state(page, "live");
    await page.locator(".row.bookmarked").filter({ hasText: "needle last" }).waitFor();
    await press(page, "B");
    await at(page, "the nearest bookmark", "needle last");
    await press(page, "B");
    await at(page, "the one before, which was not loaded", "needle first");
    await press(page, "a");
    const marked = page.getByTestId("marked").locator("li");
    await until("both in the sheet", async () => (await marked.count()) === 2);
    await page.getByTestId("marked-text").click();
    await until("two lines of text", async () => /needle first\n.*needle last$/.test(await clipboard(page)));
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByTestId("marked-save").click()]);
    assert.match(readFileSync(await file.path(), "utf8"), /^### app, job run 7, \d.* UTC\n\n```text\n.*needle first\n.*needle last\n```\n/);
    await marked.first().getByRole("button", { name: /Remove/ }).click();
    await until("one is left", async () => (await marked.count()) === 1);
    await marked.first().getByRole("button").first().click();
    await at(page, "its line", "needle last");
    assert.deepEqual(page.errors, []);
});

/** How many pixels the end of line `id`, the last one, is from the lower edge of each list; null when it is not there. */
const distances = (page, id) =>
    page.getByTestId("list").evaluateAll((lists, wanted) =>
        lists.map((list) => {
            const rows = [...list.querySelectorAll(".row")].sort((a, b) => a.dataset.seq - b.dataset.seq);
            const last = rows.at(-1);
            const edge = list.getBoundingClientRect().top + list.clientTop + list.clientHeight;
            return Number(last?.dataset.id) === wanted ? Math.round(last.getBoundingClientRect().bottom - edge) : null;
        }),
    id);
const isAtEnd = (page, when, id) =>
    until(`the last line at the end, ${when}`, async () => {
        const all = await distances(page, id);
        return all.length > 0 && all.every((pixels) => pixels === 0);
    });

scenario("the last line is at the end of a list that follows, whatever happens to it", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const proxy = await new Proxy(hub).ready();
    s.clients.push(proxy);
    const say = (n, words = "more words than fit into a narrow window, ".repeat(4)) =>
        hub.get("/api/v1/logs", {}, {
            method: "POST",
            body: JSON.stringify(Array.from({ length: n }, (_, i) => ({ source: "app", level: i % 9 ? "info" : "error", message: `${i} ${words}`, size: i }))),
        });
    const newest = async (q = "") => (await hub.get("/api/v1/logs", { limit: 1, q })).json.logs[0].id;
    const atEnd = async (when, q) => isAtEnd(page, when, await newest(q));
    await say(900);
    const page = await openPage(s, `${proxy.url}/logs`);
    await state(page, "live");
    await atEnd("at first");
    for (const [width, height] of [[700, 900], [390, 600], [1300, 480], [1280, 720]]) {
        await page.setViewportSize({ width, height });
        await atEnd(`${width} by ${height}`);
    }
    const heights = new Set();
    for (const key of ["+", "+", "-", "-", "-", "+", "l", "l", "O", "O", "T", "h"]) {
        await press(page, key);
        await atEnd(`after ${key}`);
        await say(3);
        await atEnd(`after ${key} and more lines`);
        heights.add(await page.getByTestId("row").last().evaluate((row) => row.offsetHeight));
    }
    assert.ok(heights.size >= 4, [...heights].join());
    await page.goto(`${proxy.url}/logs?columns=time,level,source,size`);
    await state(page, "live");
    await atEnd("below headings");
    await page.getByTestId("search").fill("level:error");
    await until("errors", async () => (await rowsOf(page)).every(({ level }) => level === "error"));
    await atEnd("of a filter", "level:error");
    await press(page, "Escape");
    await press(page, "F");
    await atEnd("with the lines between");
    await press(page, "|");
    await page.getByTestId("beside").waitFor();
    await say(3);
    await atEnd("of both lists");
    await page.getByTestId("beside-close").click();
    await press(page, "g");
    await state(page, "paused");
    await press(page, "End");
    await atEnd("at the present again");
    proxy.server.close();
    proxy.reset();
    await state(page, "reconnecting");
    await atEnd("without a connection");
    await page.setViewportSize({ width: 900, height: 500 });
    await atEnd("without a connection, made smaller");
    await say(40);
    await new Promise((resolve) => proxy.server.listen(proxy.port, "127.0.0.1", resolve));
    await state(page, "live");
    await atEnd("connected again");
    assert.equal(await page.getByTestId("list").getAttribute("data-order-faults"), "0");
});

scenario("lines that could not be read are said in the list, the search and the file", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    await damagedHistory(hub);
    const counts = await Promise.all(JOBS.map(async (job) => [job, (await hub.get("/api/v1/logs/count", { job_run_id: job, search: "tick" })).json]));
    const [job, { unread, unread_at: places }] = counts.find(([, answer]) => answer.unread);
    const number = (n) => n.toLocaleString("en-US");
    const ids = `\\(ids ${number(places[0].first_id)} to ${number(places[0].last_id)}\\)`;
    const words = new RegExp(`${number(unread)} lines could not be read here ${ids}`);

    const page = await openPage(s, `${hub.url}/logs?job_run_id=${job}&at=${places[0].last_id + 100}`);
    await page.locator(".row.sought, .row.active").first().waitFor();
    const notice = page.locator(".row.notice").filter({ hasText: words });
    await until("the place, going up", async () => {
        await page.getByTestId("list").evaluate((list) => list.scrollBy(0, -600));
        return notice.first().innerText({ timeout: 200 }).catch(() => "");
    });
    await page.getByTestId("loss").first().waitFor({ state: "attached" });

    await page.goto(`${hub.url}/search?q=tick+job_run_id:${job}+id<${places[0].last_id + 300}`);
    await page.getByTestId("unread").filter({ hasText: `${number(unread)} lines could not be looked at` }).waitFor();
    await page.getByTestId("found-lost").filter({ hasText: words }).waitFor();
    const rows = (await hub.get("/api/v1/logs/export", { job_run_id: job, search: "tick" })).text.trimEnd().split("\n");
    assert.equal(rows.length, N - unread + 1);
    assert.match(rows.at(-1), /Records are missing here/);
    assert.deepEqual(page.errors, []);
});

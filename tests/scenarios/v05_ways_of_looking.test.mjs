// SPDX-License-Identifier: MIT
//
// The viewer in Chromium: traces folded, columns, saved views, ticks, clearing, themes, what it says of
// its connection, and what it costs to load.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { noBrowser, openPage, rowsOf } from "../lib/browser.mjs";
import { Proxy } from "../lib/proxy.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const TRACE = "ERROR: it broke\\n    at a (x.js:1:2)\\n    at b (x.js:3:4)\\n    at c (x.js:5:6)\\nfine";
const BUNDLE_MOST = 150 * 1024;

const state = (page, name) => page.locator(`[data-testid=status][data-state=${name}]`).waitFor();
const texts = async (page) => (await rowsOf(page)).map((r) => r.text);
const count = async (page) => Number((await page.getByTestId("count").innerText()).replace(/\D/g, ""));
const press = (page, key) => page.keyboard.press(key);

async function open(s, query = "") {
    const hub = await s.hub();
    await s.run(hub, ["--name", "app", "--job", "1", "--quiet"], ["printf", `${TRACE}\\n`]).end();
    const records = [1, 2].map((n) => ({ source: "web", message: `request ${n}`, duration_ms: 100 * n, http: { status: 500 } }));
    await hub.get("/api/v1/logs", {}, { method: "POST", body: JSON.stringify(records) });
    const page = await openPage(s, `${hub.url}/logs${query}`);
    await state(page, "live");
    await page.getByTestId("row").filter({ hasText: "request 2" }).waitFor();
    return { hub, page };
}

scenario("stack traces are folded to their first line, and copied whole", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const further = async () => (await texts(page)).filter((text) => /x\.js/.test(text)).length;
    assert.equal(await further(), 0);
    assert.equal(await page.getByTestId("trace").innerText(), "+3 lines");
    await press(page, "E");
    await press(page, "y");
    assert.equal((await page.evaluate(() => navigator.clipboard.readText())).split("\n").length, 4);
    await press(page, "o");
    await until("all of it", async () => (await further()) === 3);
    await page.getByTestId("trace").click();
    await until("it is folded", async () => (await further()) === 0);
    await press(page, "O");
    await until("all are open", async () => (await further()) === 3);
    const copied = async () => {
        await press(page, "y");
        return (await page.evaluate(() => navigator.clipboard.readText())).split("\n");
    };
    await press(page, "E");
    await press(page, "Shift+ArrowDown");
    await press(page, "J");
    await until("three lines", async () => (await page.locator(".row.chosen").count()) === 3);
    assert.match((await copied()).at(-1), /x\.js:3:4/);
    await page.getByTestId("row").filter({ hasText: "request 2" }).click({ modifiers: ["Shift"] });
    await until("as far as the click", async () => /request 2/.test((await copied()).at(-1)));
    assert.match((await copied())[0], /it broke/);
    await press(page, "Escape");
    await until("one line again", async () => (await copied()).length === 1);
});

scenario("members become columns, the address and saved views remember them", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    await press(page, "x");
    await page.getByTestId("column-duration_ms").check();
    await page.getByTestId("column-http.status").check();
    await page.getByTestId("column-level").uncheck();
    await press(page, "Escape");
    await until("the columns", async () => / web +200 +500 +request 2/.test((await texts(page)).at(-1)));
    const edge = page.getByTestId("edge-duration_ms");
    await edge.focus();
    for (let i = 0; i < 4; i += 1) await press(page, "ArrowLeft");
    assert.equal(await edge.getAttribute("aria-valuenow"), "10");
    const box = await edge.boundingBox();
    await page.mouse.move(box.x + 3, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + 103, box.y + 5);
    await page.mouse.up();
    assert.ok(Number(await edge.getAttribute("aria-valuenow")) > 15);
    const { search } = new URL(page.url());

    await page.getByTestId("views").click();
    await page.getByTestId("view-name").fill("Slow requests");
    await page.getByTestId("view-save").click();
    await page.getByTitle("Pin below the filter").click();
    await page.getByTestId("switch").fill("all");
    await press(page, "Enter");
    await until("the usual columns", async () => (await page.getByTestId("heads").count()) === 0);
    await page.getByTestId("pinned").getByText("Slow requests").click();
    await page.getByTestId("heads").waitFor();
    assert.equal(new URL(page.url()).search, search);
    await page.reload();
    await page.getByTestId("pinned").getByText("Slow requests").waitFor();
    assert.deepEqual(page.errors, []);
});

scenario("a cleared view comes back, errors have ticks, themes are four, keys are told", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    const before = 10; // the hub's two, a trace of four, what follows it, the exit, two over HTTP
    await until("all lines", async () => (await count(page)) === before);
    await press(page, "C");
    await until("an empty list", async () => (await count(page)) === 0);
    await page.getByTestId("undo-clear").click();
    await until("all lines again", async () => (await count(page)) === before);
    const ink = () =>
        page.getByTestId("minimap").evaluate((canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.some((byte) => byte > 0);
        });
    await until("a tick", ink);
    const theme = () => page.locator(".lm.page").getAttribute("data-theme");
    const seen = new Set();
    for (let i = 0; i < 4; i += 1) {
        await press(page, "h");
        seen.add(await theme());
    }
    assert.deepEqual([...seen].sort(), ["contrast", "dark", "light"]);
    await press(page, "?");
    const keys = await page.getByTestId("keys").innerText();
    for (const what of ["pause or follow", "next, previous error", "download", "columns", "bookmark"]) assert.match(keys, new RegExp(what));
    await press(page, "Escape");
    assert.deepEqual(page.errors, []);
});

scenario("the page says how its connection does, and catches up", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const proxy = await new Proxy(hub).ready();
    s.clients.push(proxy);
    const page = await openPage(s, `${proxy.url}/logs?job_run_id=1`);
    const said = new Set();
    await page.exposeFunction("said", (words) => said.add(words.replace(/[\d,]+/g, "N")));
    await page.evaluate(() => {
        const status = document.querySelector("[data-testid=status]");
        new MutationObserver(() => window.said(status.querySelector(".state").textContent)).observe(status, {
            childList: true,
            characterData: true,
            subtree: true,
        });
    });
    await state(page, "live");
    await s.run(hub, ["--name", "seq", "--job", "1", "--quiet"], ["seq", "1", "5"]).end();
    await until("the lines", async () => (await count(page)) === 6);
    await press(page, "Space");
    await state(page, "paused");
    await press(page, "Space");
    proxy.server.close();
    proxy.reset();
    await state(page, "reconnecting");
    await s.run(hub, ["--name", "seq", "--job", "1", "--quiet"], ["seq", "1", "30000"]).end();
    await new Promise((resolve) => proxy.server.listen(proxy.port, "127.0.0.1", resolve));
    await page.getByText("Now", { exact: true }).click({ timeout: 2000 }).catch(() => {}); // it may have connected by itself
    await state(page, "live");
    await until("every line", async () => (await count(page)) === 30_007);
    for (const words of ["Paused", "Reconnecting in N s", "Live"]) assert.ok(said.has(words), `${words}: ${[...said]}`);
    assert.equal(await page.getByTestId("list").getAttribute("data-order-faults"), "0");
});

scenario("the first lines do not wait for the connection, nor do those that a link leads to", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { hub, page } = await open(s);
    const [wanted] = (await rowsOf(page)).filter(({ text }) => /request 1/.test(text));
    await page.route("**/assets/worker.js", (route) => route.abort());
    await page.goto(`${hub.url}/logs?q=request`);
    await until("both lines", async () => (await texts(page)).map((text) => text.trim().slice(-9)).join() === "request 1,request 2");
    assert.notEqual(await page.getByTestId("status").getAttribute("data-state"), "live");
    await page.goto(`${hub.url}/logs?at=${wanted.id}`);
    await page.locator(`.row.sought[data-id="${wanted.id}"]`).waitFor();
});

scenario("what a page must load is small, and comes from the hub alone", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const bodies = [];
    const page = await openPage(s, "about:blank");
    page.on("response", (response) => bodies.push([response.url(), response.body().catch(() => Buffer.alloc(0))]));
    await page.goto(`${hub.url}/logs`);
    await state(page, "live");
    const sizes = await Promise.all(
        bodies.filter(([url]) => !url.includes("/api/")).map(async ([url, body]) => [url, gzipSync(await body, { level: 9 }).length]),
    );
    assert.ok(sizes.some(([url]) => url.endsWith("/assets/worker.js")), "parsing is in a worker");
    assert.ok(sizes.every(([url]) => url.startsWith(hub.url)), "nothing from elsewhere");
    const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
    t.diagnostic(`${total} bytes with gzip: ${sizes.map(([url, bytes]) => `${url.split("/").pop() || "/"} ${bytes}`).join(", ")}`);
    assert.ok(total <= BUNDLE_MOST, `${total} bytes`);
});

scenario("a source is muted and let in again: by a key, in the switcher, at its chip", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { page } = await open(s);
    const isThere = async (text) => (await texts(page)).some((line) => line.includes(text));
    await page.getByTestId("row").filter({ hasText: "request 2" }).click();
    await press(page, "M");
    await until("web is muted", async () => !(await isThere("request")) && (await isThere("it broke")));
    await page.getByTestId("muted").getByRole("button", { name: "web" }).click();
    await until("web is there again", () => isThere("request 2"));
    assert.equal(await page.getByTestId("muted").count(), 0);
    await press(page, "v");
    await page.getByTestId("mute-app").click();
    await press(page, "Escape");
    await until("app is muted", async () => !(await isThere("it broke")) && (await isThere("request 2")));
    assert.deepEqual(page.errors, []);
});

scenario("two lists side by side, each with its filter; the address remembers both", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const { hub, page } = await open(s, "?q=request");
    await press(page, "|");
    const beside = page.getByTestId("beside");
    await beside.getByTestId("search").fill("broke");
    const linesIn = (list) => list.getByTestId("row").allInnerTexts();
    const first = page.getByTestId("list").first();
    const showsBoth = () =>
        until("each list its lines", async () => {
            const [one, two] = [await linesIn(first), await linesIn(beside)];
            return one.length > 0 && one.every((line) => /request/.test(line)) && two.length > 0 && two.every((line) => /broke/.test(line));
        });
    await showsBoth();
    await page.reload();
    await showsBoth();
    await hub.get("/api/v1/logs", {}, { method: "POST", body: JSON.stringify({ source: "web", level: "error", message: "it broke again" }) });
    await until("a new line in one of them", async () => (await linesIn(beside)).some((line) => /again/.test(line)));
    await beside.getByTestId("list").focus();
    await press(page, "Space");
    await beside.locator("[data-testid=status][data-state=paused]").waitFor();
    assert.equal(await page.getByTestId("status").first().getAttribute("data-state"), "live", "keys are of the list that has the focus");
    await page.getByTestId("beside-close").click();
    await until("one list", async () => (await beside.count()) === 0);
    assert.doesNotMatch(page.url(), /beside/);
    assert.deepEqual(page.errors, []);
});

scenario("the search comes to its end, with traces that lie on two pages", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    await s.run(hub, ["--name", "app", "--quiet"], ["sh", "-c", `for i in $(seq 150); do printf '${TRACE}\\n'; done`]).end();
    const page = await openPage(s, `${hub.url}/search?q=x.js`);
    await page.getByTestId("search-more").waitFor();
    assert.match(await page.getByTestId("search-total").innerText(), /450 matching lines/);
    assert.equal(await page.locator("[data-testid=found] .hit").first().innerText(), "x.js");
    const ids = () => page.locator("[data-testid=found] li").evaluateAll((lines) => lines.map((line) => line.dataset.id));
    for (let before = 0; await page.getByTestId("search-more").count(); ) {
        before = (await ids()).length;
        await page.getByTestId("search-more").click();
        await until("more, or the end", async () => (await ids()).length > before || (await page.getByTestId("search-more").count()) === 0);
    }
    const found = await ids();
    assert.equal(found.length, 600, "150 traces of four lines");
    assert.equal(new Set(found).size, 600, "each once");
    assert.deepEqual(page.errors, []);
});

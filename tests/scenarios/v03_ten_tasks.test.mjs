// SPDX-License-Identifier: MIT
//
// What a newcomer comes for, done in Chromium twice: with the mouse, and with the keyboard alone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { noBrowser, openPage, rowsOf } from "../lib/browser.mjs";
import { Proxy } from "../lib/proxy.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const PROCESSES = {
    crash: { command: ["sh", "-c", "echo opening the door; printf 'no key'; exit 3"], restart: "never" },
    clock: { command: ["sh", "-c", "while :; do echo tick; sleep 0.2; done"], labels: { job_run_id: "clock" } },
};
const DAY_MS = 86_400_000;
const STEP_MS = 15_000;

/** A day's YYYY-MM-DD, `back` days ago; the hub and the browser of a scenario live in UTC. */
const day = (back) => new Date(Date.now() - back * DAY_MS).toISOString().slice(0, 10);

async function setUp(s) {
    const hub = await s.hub({ processes: PROCESSES, settings: { auth: { loopback: "admin" } } });
    const shell = "for i in 1 2 3 4 5 6; do echo fine $i; echo noise $i; done; echo ERROR: bad 1; echo fine 7; echo ERROR: bad 2; echo fine 8";
    await s.run(hub, ["--name", "nightly", "--job", "42", "--quiet"], ["sh", "-c", shell]).end();
    const old = ["17:29:59", "17:30:00", "17:30:01"].map((clock) => ({
        timestamp: `${day(1)}T${clock}Z`,
        source: "old",
        message: `yesterday ${clock}`,
    }));
    const answer = await hub.get("/api/v1/logs", {}, { method: "POST", body: JSON.stringify(old) });
    assert.equal(answer.status, 200, answer.text);
    const page = await openPage(s, `${hub.url}/logs`);
    page.setDefaultTimeout(STEP_MS);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await state(page, "live");
    return { hub, page };
}

const state = (page, name) => page.locator(`[data-testid=status][data-state=${name}]`).waitFor();
const row = (page, text) => page.getByTestId("row").filter({ hasText: text }).last();
const texts = async (page) => (await rowsOf(page)).map((r) => r.text);
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const every = (what, page, passes) =>
    until(what, async () => {
        const all = await rowsOf(page);
        return all.length > 0 && all.every(passes);
    });

async function saved(page, start) {
    const [download] = await Promise.all([page.waitForEvent("download"), start()]);
    return readFileSync(await download.path(), "utf8");
}

const HANDS = {
    mouse: {
        job: (page) => page.getByTestId("job").fill("42"),
        errors: (page) => page.getByTestId("level-error").click(),
        lastError: (page) => row(page, "bad 2").click(),
        context: (page) => page.locator("[data-act=context]").click(),
        share: async (page) => {
            await row(page, "bad 2").click();
            await page.locator("[data-act=share]").click();
        },
        everything: (page) => page.locator(".brand").click(),
        filter: async (page, text) => page.getByTestId("search").fill(text),
        follow: (page) => page.getByTestId("resume").click(),
        download: async (page) => {
            await page.getByTestId("download").click();
            await page.getByLabel("Yesterday").check();
            return saved(page, () => page.getByTestId("download-go").click());
        },
        seek: async (page, words) => {
            await page.getByTestId("seek").click();
            await page.getByTestId("seek-words").fill(words);
            await page.getByRole("button", { name: "Go", exact: true }).click();
        },
        processes: (page) => page.getByRole("link", { name: "Processes" }).click(),
        press: (page, id) => page.getByTestId(id).click(),
    },
    keyboard: {
        job: async (page) => {
            await page.keyboard.press("f");
            await page.keyboard.type("42");
            await page.keyboard.press("Escape");
        },
        errors: (page) => page.keyboard.press("5"),
        lastError: async (page) => {
            await page.keyboard.press("E");
            await page.keyboard.press("Enter");
        },
        context: (page) => page.keyboard.press("c"),
        share: (page) => page.keyboard.press("s"),
        everything: async (page) => {
            await page.keyboard.press("v");
            await page.getByTestId("switch").waitFor();
            await page.keyboard.type("all lines");
            await page.keyboard.press("Enter");
        },
        filter: async (page, text) => {
            await page.keyboard.press("/");
            await page.keyboard.type(text);
            await page.keyboard.press("Escape");
        },
        follow: (page) => page.keyboard.press("End"),
        download: async (page) => {
            await page.keyboard.press("D");
            await page.getByTestId("download-what").waitFor();
            await page.keyboard.press("ArrowDown"); // from everything to today
            await page.keyboard.press("ArrowDown");
            return saved(page, async () => {
                for (let i = 0; i < 3; i += 1) await page.keyboard.press("Tab");
                await page.keyboard.press("Enter");
            });
        },
        seek: async (page, words) => {
            await page.keyboard.press("t");
            await page.getByTestId("seek-words").waitFor();
            await page.keyboard.type(words);
            await page.keyboard.press("Enter");
        },
        processes: (page) => tabTo(page, (e) => e.textContent === "Processes"),
        press: (page, id) => tabTo(page, (e, wanted) => e.dataset.testid === wanted, id),
    },
};

/** Goes from one thing to the next with Tab until `is` says that it is there, and presses Enter. */
async function tabTo(page, is, wanted) {
    for (let i = 0; i < 60; i += 1) {
        await page.keyboard.press("Tab");
        const there = await page.evaluate(`(${is})(document.activeElement, ${JSON.stringify(wanted)})`);
        if (there) return page.keyboard.press("Enter");
    }
    throw new Error(`Tab does not lead to ${wanted ?? is}`);
}

for (const [name, hand] of Object.entries(HANDS))
    scenario(`ten tasks with the ${name}`, async (s, t) => {
        if (noBrowser) return t.skip(noBrowser);
        const { hub, page } = await setUp(s);

        // 1. the last error of a job
        await hand.job(page);
        await hand.errors(page);
        await every("errors of the job", page, (r) => r.level === "error" && /bad/.test(r.text));
        await hand.lastError(page);
        await page.locator(".row.opened").filter({ hasText: "bad 2" }).waitFor();
        // 2. what lies around it
        await hand.context(page);
        await row(page, "fine 8").waitFor();
        await page.locator(".row.sought").filter({ hasText: "bad 2" }).waitFor();
        // 3. a link to it
        await hand.share(page);
        const link = await until("the link", () => clipboard(page));
        assert.match(link, /job_run_id=42&at=\d+$/);
        // 4. follow a run
        await hand.follow(page);
        await state(page, "live");
        await s.run(hub, ["--name", "nightly", "--job", "42", "--quiet"], ["echo", "news of the run"]).end();
        await row(page, "news of the run").waitFor();
        // 5. leave the noise out
        await hand.filter(page, "-noise");
        await until("no noise", async () => (await texts(page)).every((text) => !/noise/.test(text)));
        await row(page, "news of the run").waitFor();
        // 6. jump to yesterday evening
        await hand.everything(page);
        await until("the filter gone", async () => new URL(page.url()).search === "");
        await hand.seek(page, "yesterday 17:30");
        await row(page, "yesterday 17:30:00").waitFor();
        await page.locator(".row.active").filter({ hasText: "17:30:00" }).waitFor();
        // 7. download a day
        const file = await hand.download(page);
        assert.deepEqual(file.trim().split("\n").map((line) => /yesterday .*/.exec(line)?.[0]), [
            "yesterday 17:29:59",
            "yesterday 17:30:00",
            "yesterday 17:30:01",
        ]);
        // 8. what a process said last
        await hand.processes(page);
        await page.getByTestId("exit-crash").filter({ hasText: "no key" }).waitFor();
        // 9. restart another
        const pid = async () => (await hub.processes()).clock.pid;
        const before = await pid();
        await hand.press(page, "restart-clock");
        await until("another PID", async () => ![before, null].includes(await pid()));
        // 10. the link leads back to its line
        await page.goto(link);
        await page.locator(".row.sought").filter({ hasText: "bad 2" }).waitFor();
        assert.deepEqual(page.errors, []);
    }, { timeout: 120_000 });

scenario("a tab that was too slow has every line in the end", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const lines = 20_000;
    const hub = await s.hub();
    const proxy = await new Proxy(hub).ready();
    s.clients.push(proxy);
    const page = await openPage(s, `${proxy.url}/logs?job_run_id=slow`);
    await state(page, "live");
    proxy.stall();
    await s.run(hub, ["--name", "seq", "--job", "slow", "--quiet"], ["seq", "1", String(lines)]).end();
    await until("the hub to drop lines", async () => (await hub.metric("dropped_total")) > 0);
    proxy.flow();
    await row(page, "exited with code 0").waitFor();
    const count = async () => Number((await page.getByTestId("count").innerText()).replace(/\D/g, ""));
    await until("every line", async () => (await count()) === lines + 1, STEP_MS);
    assert.equal(await page.getByTestId("dropped").count(), 0);
    assert.deepEqual(page.errors, []);
});

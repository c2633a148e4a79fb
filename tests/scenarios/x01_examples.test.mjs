// SPDX-License-Identifier: MIT
//
// The examples run as they are, each in a project that has the packages as npm delivers them.

import assert from "node:assert/strict";
import { cpSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { _electron } from "playwright-core";
import { makeProject } from "../../clients/consumer/project.mjs";
import { noBrowser, openPage, rowsOf } from "../lib/browser.mjs";
import { findElectron, startApp } from "../lib/electron.mjs";
import { LOGMILL } from "../lib/paths.mjs";
import { pidsOf } from "../lib/process.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const skip = { skip: noBrowser };

let project;
before(() => {
    project = mkdtempSync(join(tmpdir(), "logmill-examples-"));
    makeProject(project, [join(ROOT, "tests/node_modules"), join(ROOT, "web/node_modules")]);
});
after(() => rmSync(project, { recursive: true, force: true }));

/** A copy of an example with what it depends on. */
function install(s, name) {
    const folder = s.folder(name);
    cpSync(join(ROOT, "examples", name), folder, { recursive: true });
    mkdirSync(join(folder, "node_modules"));
    for (const each of readdirSync(join(project, "node_modules")))
        if (each !== "electron") symlinkSync(join(project, "node_modules", each), join(folder, "node_modules", each));
    return folder;
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** Serves a folder as any web server would. */
async function serve(s, folder) {
    const server = createServer((request, response) => {
        const { pathname } = new URL(request.url, "http://x");
        const file = join(folder, pathname === "/" ? "index.html" : pathname);
        if (!existsSync(file)) return response.writeHead(404).end();
        response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "text/plain" });
        createReadStream(file).pipe(response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    s.clients.push({ close: () => (server.closeAllConnections(), server.close()) });
    return `http://127.0.0.1:${server.address().port}`;
}

/** There are rows, and each fits. */
const hasOnly = (rows, pattern) => rows.length > 0 && rows.every((row) => pattern.test(row.text));
const textOf = (page, selector) => page.locator(selector).allInnerTexts();
const sees = (page, selector, pattern, ms = 15_000) =>
    until(
        () => `${pattern} on the page; it said ${page.errors}`,
        async () => (await textOf(page, selector)).some((text) => pattern.test(text)),
        ms,
    );

scenario(
    "a shop with Express and Winston: the same records on its log page and in the hub's daily files",
    async (s) => {
        const hub = await s.hub();
        const folder = install(s, "express-winston");
        const begin = async (port) => {
            const service = s.spawn("the shop", process.execPath, ["server.mjs"], { cwd: folder, env: { ...s.env, LOGMILL_SOCKET: hub.socket, PORT: String(port) } });
            const url = await until("the shop", () => /shop at (http:\S+)/.exec(service.stdout)?.[1], 20_000);
            return { service, url };
        };
        const { service, url } = await begin(0);
        const order = async () => (await fetch(`${url}/orders`, { method: "POST" })).json();
        for (let i = 0; i < 4; i++) await order();
        const page = await openPage(s, `${url}/logs`);
        await sees(page, "li", /shop at http/);
        assert.equal((await textOf(page, "li")).length, 9, "a page that has just come gets the recent ones");
        await order();
        await sees(page, "li", /ERROR: the card was refused/);
        await page.selectOption("#level", "error");
        await until("those of one level", async () => (await textOf(page, "li")).length === 1);

        service.signal("SIGTERM");
        assert.equal(await service.end(), 0);
        const again = await begin(new URL(url).port);
        await sees(page, "#state", /live/);
        await page.selectOption("#level", "");
        await sees(page, "li", /shop at http/);
        again.service.signal("SIGTERM");
        await again.service.end();

        const today = new Date().toISOString().slice(0, 10);
        const file = (name) => hub.logFile(`${name}-${today}`).toString();
        await until("the files", () => file("application").includes("SIGTERM: closing"));
        assert.equal(file("application").match(/order taken/g).length, 5);
        assert.match(file("errors"), /ERROR: the card was refused/);
        const { json } = await hub.get("/api/v1/logs/job-runs/order-5");
        assert.deepEqual(
            json.logs.map(({ message, level, fields }) => [message, level, fields.code]),
            [
                ["order taken", "info", undefined],
                ["the card was refused", "error", "E_CARD"],
            ],
        );
        assert.deepEqual(page.errors.filter((text) => !/Failed to load|ERR_CONNECTION|WebSocket/.test(text)), []);
    },
    skip,
);

scenario(
    "a plain page: no packages, live over EventSource, and it goes on after the hub was killed",
    async (s) => {
        const origin = await serve(s, join(ROOT, "examples/plain-html"));
        const hub = await s.hub({ settings: { cors: { origins: [origin] } } });
        await s.run(hub, ["--name", "a", "--job", "42", "--quiet"], ["echo", "<b>before</b>"]).end();
        const page = await openPage(s, `${origin}/?hub=${hub.url}&job=42`);
        await sees(page, "#logs div", /\[info\] <b>before<\/b>/);
        await hub.kill();
        await sees(page, "#state", /again/);
        await hub.start();
        await s.run(hub, ["--name", "a", "--job", "42", "--quiet"], ["sh", "-c", "echo later >&2"]).end();
        await sees(page, "#logs .error", /later/);
        assert.equal((await textOf(page, "#logs div")).filter((text) => text.includes("before")).length, 1);
    },
    skip,
);

scenario(
    "a job page with React: the runs, and the log of the one that is chosen",
    async (s) => {
        const folder = install(s, "react-job");
        const build = s.spawn("vite", process.execPath, ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"], { cwd: folder });
        assert.equal(await build.end(100_000), 0, build.stderr + build.stdout);
        const origin = await serve(s, join(folder, "dist"));
        const hub = await s.hub({ settings: { cors: { origins: [origin] } } });
        for (const job of ["one", "two"]) await s.run(hub, ["--name", job, "--job", job, "--quiet"], ["seq", "-f", `${job} %g`, "1", "50"]).end();
        const page = await openPage(s, `${origin}/?hub=${hub.url}`);
        await sees(page, "nav li", /two/);
        await page.getByRole("button", { name: "two" }).click();
        await until("the log of the run", async () => (await rowsOf(page)).some((row) => /two 50/.test(row.text)), 15_000);
        assert.ok(hasOnly(await rowsOf(page), /two/), "no line of the other run");
        await s.run(hub, ["--name", "two", "--job", "two", "--quiet"], ["echo", "two, live"]).end();
        await until("the live line", async () => (await rowsOf(page)).some((row) => /two, live/.test(row.text)), 15_000);
        assert.deepEqual(page.errors, []);
    },
    { ...skip, timeout: 150_000 },
);

/** The example with the page of its viewer built. */
async function installApp(s) {
    const folder = install(s, "electron-app");
    const args = ["viewer.jsx", "--bundle", "--jsx=automatic", "--outfile=dist/viewer.js", "--log-level=warning"];
    const build = s.spawn("esbuild", join(folder, "node_modules/esbuild/bin/esbuild"), args, { cwd: folder });
    assert.equal(await build.end(60_000), 0, build.stderr + build.stdout);
    return folder;
}

/** What one does with the app, whoever runs it. `windows`: resolves with the page of window n. */
async function use(window) {
    const one = await window(1);
    const ready = (page) => page.waitForSelector("body[data-ready=true]");
    await ready(one);
    await one.fill("#message", "hello from a window");
    await one.click("#say button");
    await sees(one, "#logs li", /INFO: hello from a window/);
    await one.click("#open");
    const two = await window(2);
    await ready(two);
    await sees(two, "#logs li", /hello from a window/);
    await two.click("#run");
    for (const page of [one, two]) {
        await sees(page, "#logs li", /WARN: a page was slow/);
        await sees(page, "#logs li", /traffic ended with 0/);
    }
    await one.click("#visits");
    await sees(one, "#count", /1000 visits/);
    assert.equal(await one.getAttribute("#progress", "value"), "100");
    await two.reload();
    await ready(two);
    await sees(two, "#logs li", /traffic ended/);
    const texts = await textOf(two, "#logs li");
    assert.equal(texts.filter((text) => /visit 1 of 3/.test(text)).length, 1, "each once");
    return { one, two, count: texts.length };
}

scenario(
    "an Electron app, its windows in Chromium, its main process on a stand-in",
    async (s) => {
        process.env.LOGMILL_BINARY = LOGMILL;
        const app = await startApp(s, await installApp(s));
        const { one, two } = await use(app.nextWindow);
        await two.close();
        await one.click("#viewer");
        const viewer = await app.nextWindow(3);
        const requests = [];
        viewer.on("request", (request) => requests.push(request.url()));
        const shows = (pattern) => until(`${pattern} in the viewer; it said ${viewer.errors}`, async () => (await rowsOf(viewer)).some((row) => pattern.test(row.text)), 20_000);
        await shows(/traffic ended with 0/);
        await one.fill("#message", "to the viewer");
        await one.click("#say button");
        await shows(/to the viewer/);
        const [hub] = pidsOf(s.dir).filter((pid) => pidsOf("logmill.sock").includes(pid));
        process.kill(hub, "SIGKILL"); // the app's own hub: it is started again
        await one.fill("#message", "after the hub was killed");
        await one.click("#say button");
        await sees(one, "#count", /\d+ records/, 20_000);
        await sees(one, "#logs li", /after the hub was killed/);
        await shows(/after the hub was killed/);
        await viewer.getByTestId("search").fill("visit -page");
        await until("the filter", async () => hasOnly(await rowsOf(viewer), /visit/));
        assert.deepEqual([viewer.errors, requests], [[], []], "nothing but the bridge is used");
        await one.reload();
        await sees(one, "#logs li", /after the hub was killed/);
        await one.click("#clear");
        await sees(one, "#count", /^0 records/);
        assert.deepEqual(one.errors, []);
        await app.quit();
        await until("the hub to end with the app", () => pidsOf("logmill.sock").every((pid) => !pidsOf(s.dir).includes(pid)));
    },
    { ...skip, timeout: 120_000 },
);

const electron = findElectron();

scenario(
    "an Electron app in Electron itself",
    async (s) => {
        const folder = await installApp(s);
        const env = { ...process.env, LOGMILL_BINARY: LOGMILL, ELECTRON_DISABLE_SANDBOX: "1" };
        const app = await _electron.launch({ executablePath: electron, args: [folder, `--user-data-dir=${s.folder("profile")}`, "--no-sandbox"], env });
        s.clients.push({ close: () => app.close() });
        await use((n) => until(`window ${n}`, () => app.windows()[n - 1], 30_000));
    },
    { skip: electron ? false : "no Electron here: put its program into the path, or name it in LOGMILL_ELECTRON", timeout: 120_000 },
);

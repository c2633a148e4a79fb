// SPDX-License-Identifier: MIT
//
// Chromium, headless, with a fresh profile, looking at the hub's page.

import { existsSync, mkdtempSync } from "node:fs";
import { chromium } from "playwright-core";
import { join } from "node:path";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
];

/** Why there can be no browser here, or false. */
export const noBrowser = existsSync(CHROMIUM) ? false : `${CHROMIUM} is not installed`;

/** A browser with a profile of its own; it closes with the stage. */
export async function openContext(stage) {
    const context = await chromium.launchPersistentContext(mkdtempSync(join(stage.dir, "profile-")), {
        executablePath: CHROMIUM,
        headless: true,
        args: FLAGS,
        env: stage.env,
    });
    stage.clients.push(context);
    return context;
}

/** Opens a page; it closes with the stage. */
export async function openPage(stage, url) {
    const context = await openContext(stage);
    const page = context.pages()[0] ?? (await context.newPage());
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
    await page.goto(url);
    return page;
}

/** The rows that are drawn, as { id, level, text }. */
export function rowsOf(page) {
    return page.getByTestId("row").evaluateAll((rows) =>
        rows.map((row) => ({
            id: Number(row.dataset.id),
            level: row.dataset.level,
            text: row.innerText,
        })),
    );
}

// SPDX-License-Identifier: MIT
//
// A Winston service, a viewer in Node and the page in Chromium are left running while the hub comes and
// goes: their memory does not grow. LOGMILL_ROUNDS lives of the hub, of two seconds each; in a long run of six,
// since a viewer waits longer and longer for a hub that never stays.

import assert from "node:assert/strict";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { rounds } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const PROGRAM = fileURLToPath(new URL("../programs/left_running.mjs", import.meta.url));
const ROUNDS = rounds(4);
const LIFE_MS = ROUNDS < 10 ? 2_000 : 6_000;
const PATIENCE_MS = 45_000; // a viewer asks again after 30 s at the latest
const AWAY_MS = 700;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A program of its own, and how much memory it uses. */
async function program(s, role, url) {
    const p = s.spawn(role, process.execPath, ["--expose-gc", PROGRAM, role, url], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const gone = p.ended.then((status) => {
        throw new Error(`the ${role} ended (${status}):\n${p.stderr}`);
    });
    gone.catch(() => {}); // the end of the scenario is no failure
    const ask = async () => {
        p.child.send("how much?");
        return (await Promise.race([once(p.child, "message"), gone]))[0];
    };
    await ask();
    return { name: role, ask };
}

async function pageOf(s, url) {
    const page = await openPage(s, `${url}/logs`);
    const cdp = await page.context().newCDPSession(page);
    const ask = async () => {
        await cdp.send("HeapProfiler.collectGarbage");
        const { usedSize } = await cdp.send("Runtime.getHeapUsage");
        const list = page.getByTestId("list");
        return { heap: usedSize, count: Number(await list.getAttribute("data-received")) };
    };
    return { name: "page", ask };
}

const MB = 1024 * 1024;
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

scenario(
    `what is left running does not grow in ${ROUNDS} lives of the hub`,
    async (s, t) => {
        const hub = await s.hub({ settings: { resume_limit: 1_000 } });
        const watched = [await program(s, "transport", hub.url), await program(s, "viewer", hub.url)];
        if (!noBrowser) watched.push(await pageOf(s, hub.url));
        const heaps = new Map(watched.map(({ name }) => [name, []]));
        const counts = new Map();
        for (let round = 1; round <= ROUNDS; round++) {
            await pause(LIFE_MS);
            for (const { name, ask } of watched) {
                const { heap, count } = await until(`records of the ${name}`, async () => {
                    const answer = await ask();
                    return answer.count > (counts.get(name) ?? 0) && answer;
                }, PATIENCE_MS);
                heaps.get(name).push(heap);
                counts.set(name, count);
            }
            await (round % 2 ? hub.kill() : hub.stop());
            await pause(AWAY_MS);
            await hub.start();
        }
        for (const [name, series] of heaps) {
            const third = Math.max(1, Math.floor(series.length / 3));
            const [early, late] = [median(series.slice(third, 2 * third)), median(series.slice(-third))];
            t.diagnostic(`${name}: ${counts.get(name)} records, ${(early / MB).toFixed(2)} MB in the second third, ${(late / MB).toFixed(2)} MB in the last`);
            assert.ok(late < early * 1.2 + MB, `${name} grew: ${series.map((heap) => (heap / MB).toFixed(1)).join(" ")}`);
        }
    },
    { timeout: 60_000 + ROUNDS * 60_000 },
);

// SPDX-License-Identifier: MIT
//
// A level is found in the line, or follows from the pipe; terminal and page show it in colour.

import assert from "node:assert/strict";
import { noBrowser, openPage } from "../lib/browser.mjs";
import { LOGMILL } from "../lib/paths.mjs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

// Level, line, and the message when it is not the whole line.
const WRITTEN = [
    ["trace", "TRACE: entering the loop"],
    ["debug", '{"level":"debug","msg":"a JSON line"}', "a JSON line"],
    ["info", "an ordinary line"],
    ["warn", "[WARN] disk nearly full"],
    ["error", "2026-01-15 10:30:45 ERROR connection refused"],
    ["fatal", '{"severity":"critical","msg":"cannot go on"}', "cannot go on"],
];
const LINES = WRITTEN.map(([level, line, message = line]) => [level, message]);
const SCRIPT = [...WRITTEN.map(([, text]) => `echo '${text}'`), "sleep 0.05; echo 'on stderr' >&2"].join("\n");

function start(s, hub) {
    return s.run(hub, ["--name", "speaker"], ["sh", "-c", SCRIPT]);
}

scenario("every line has its level, on stderr error when it does not say", async (s) => {
    const hub = await s.hub();
    const ws = await s.websocket(hub);
    start(s, hub);
    for (const [level, text] of LINES) assert.equal((await ws.record(text)).level, level);
    const last = await ws.record("on stderr");
    assert.equal(last.level, "error");
    assert.equal(last.stream, "stderr");
});

scenario("tail colours levels in a terminal's way, and writes plain text when told", async (s) => {
    const hub = await s.hub();
    await start(s, hub).end();
    const coloured = s.tail(hub, ["--tail", "50", "--colour", "always"], { json: false });
    const plain = s.tail(hub, ["--tail", "50"], { json: false });
    await coloured.shows("on stderr");
    await plain.shows("on stderr");

    const esc = "\u001b\\[";
    const colours = LINES.map(([level, text]) => {
        const line = coloured.lines.find((l) => l.includes(text));
        const match = new RegExp(
            `^\\d\\d:\\d\\d:\\d\\d (${esc}[\\d;]+m)${level.toUpperCase()}${esc}0m: speaker \\| `,
        ).exec(line);
        assert.ok(match, `${level}: ${JSON.stringify(line)}`);
        return match[1];
    });
    assert.equal(new Set(colours).size, LINES.length, "six levels, six colours");
    assert.match(
        plain.lines.find((l) => l.includes("nearly full")),
        /^\d\d:\d\d:\d\d WARN: speaker \| \[WARN\] disk/,
    );
    assert.ok(!plain.text.includes("\u001b"));
});

scenario("escape sequences of a child do not reach the terminal of tail", async (s) => {
    const hub = await s.hub();
    const wicked = "printf 'before \\033]0;owned\\007\\033[2J\\033[31mred\\033[0m after\\n'";
    const tail = s.tail(hub, ["--tail", "5"], { json: false });
    await s.run(hub, ["--name", "wicked"], ["sh", "-c", wicked]).end();
    await tail.shows("after");
    assert.match(
        tail.lines.find((line) => line.includes("wicked | ")),
        /before red after$/,
    );
    assert.ok(!tail.text.includes("\u001b"));
});

scenario("the page gives each level a colour of its own", async (s, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const hub = await s.hub();
    const page = await openPage(s, hub.url);
    start(s, hub);
    await page.getByTestId("row").filter({ hasText: "on stderr" }).waitFor();
    const colours = await page
        .getByTestId("row")
        .evaluateAll((rows) =>
            rows.map((row) => [row.dataset.level, getComputedStyle(row.querySelector(".level")).color]),
        );
    const byLevel = new Map(colours);
    for (const [level] of LINES) assert.ok(byLevel.has(level), `a row of level ${level}`);
    const loud = ["info", "warn", "error"].map((level) => byLevel.get(level));
    assert.equal(new Set(loud).size, 3, `info, warn and error differ: ${loud}`);
    assert.deepEqual(page.errors, []);
});

scenario("tail ends quietly when its reader has seen enough", async (s) => {
    const hub = await s.hub();
    await s.run(hub, ["--name", "count"], ["seq", "1", "100"]).end();
    const command = `${LOGMILL} tail --socket ${hub.socket} --source count --tail 100 --raw | head -n 2`;
    const pipe = s.spawn("a pipe", "bash", ["-o", "pipefail", "-c", command]);
    await until("two lines", () => pipe.stdout.split("\n").length === 3);
    await s.run(hub, ["--name", "count"], ["seq", "1", "5"]).end();
    assert.equal(await pipe.end(), 0);
    assert.equal(pipe.stderr, "");
});

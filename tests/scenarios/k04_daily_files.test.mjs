// SPDX-License-Identifier: MIT
//
// application-DATE.log and errors-DATE.log: what application sources say, in files that anybody can tail.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const LOGS = "/api/v1/logs";
const today = () => new Date().toISOString().slice(0, 10);

function post(hub, ...records) {
    return hub.get(LOGS, {}, { method: "POST", body: records.map((r) => JSON.stringify(r)).join("\n") });
}

function text(dir, name) {
    try {
        return readFileSync(join(dir, name), "utf8");
    } catch {
        return "";
    }
}

scenario("records of applications are rows of the day's file, errors also of theirs", async (s) => {
    const hub = await s.hub();
    const timestamp = "2026-01-15T10:00:00Z"; /* the row says when it was, the file when it came */
    await post(
        hub,
        { message: "started", level: "info", source: "shop", timestamp },
        { message: "paid\u001b[31m in red\u001b[0m\nand a second line", level: "warn", source: "shop", timestamp },
        { message: "no money", level: "error", source: "shop", timestamp },
        { message: "no shop", level: "fatal", source: "shop", timestamp },
    );
    await s.run(hub, ["--name", "child"], ["echo", "has a file of its own"]).end();
    const day = today();
    const errors = "2026-01-15 10:00:00 ERROR: no money\n2026-01-15 10:00:00 FATAL: no shop\n";
    await until("the rows", () => text(hub.logDir, `errors-${day}.log`) === errors);
    assert.equal(
        text(hub.logDir, `application-${day}.log`),
        `2026-01-15 10:00:00 INFO: started\n2026-01-15 10:00:00 WARN: paid in red\u240aand a second line\n${errors}`,
    );
    assert.equal(statSync(join(hub.logDir, `application-${day}.log`)).mode & 0o777, 0o640);
});

scenario("names, folder, sources and size are settings; full files are packed", async (s) => {
    const dir = s.path("daily");
    const hub = await s.hub({
        settings: {
            "application": { dir, name: "app", errors: "bad", sources: "shop, child", max_size: "64KiB", compress: "zst" },
        },
    });
    for (let i = 0; i < 30; i++)
        await post(hub, ...Array.from({ length: 100 }, (_, k) => ({ message: `${i * 100 + k} ${"x".repeat(80)}`, source: "shop" })), {
            message: "not listed",
            source: "other",
        });
    await s.run(hub, ["--name", "child"], ["echo", "listed"]).end();
    const day = today();
    const packed = () => readdirSync(dir).filter((f) => f.endsWith(".zst"));
    const rows = () =>
        packed()
            .map((f) => execFileSync("zstd", ["-dcq", join(dir, f)]).toString())
            .join("") + text(dir, `app-${day}.log`);
    const whole = () => packed().length >= 4 && rows().split("\n").length >= 3000 && rows().includes("INFO: listed");
    await until(() => `packed files among ${readdirSync(dir)}`, () => whole());
    assert.deepEqual(
        [...rows().matchAll(/INFO: (\d+) x/g)].map((m) => Number(m[1])).sort((a, b) => a - b),
        Array.from({ length: 3000 }, (_, i) => i),
    );
    assert.ok(!existsSync(join(dir, `bad-${day}.log`)));
    assert.ok(!rows().includes("not listed"));
    assert.ok(!existsSync(join(hub.logDir, `application-${day}.log`)));
});

scenario("a file that cannot be written is said once, everything else goes on, and so does the file later", async (s) => {
    const dir = s.folder("daily");
    const secret = s.path("secret");
    const day = today();
    writeFileSync(secret, "mine");
    symlinkSync(secret, join(dir, `application-${day}.log`));
    const hub = await s.hub({ settings: { application: { dir } } });
    for (let i = 0; i < 5; i++) await post(hub, { message: `line ${i}`, source: "shop" });
    await hub.process.says(/WARN: .*application-.*\.log is not a plain file of ours and is left alone/);
    const { total } = (await hub.get(LOGS, { source: "shop" })).json.pagination;
    assert.equal(total, 5);
    assert.equal(readFileSync(secret, "utf8"), "mine");
    assert.equal(hub.process.stderr.match(/not a plain file/g).length, 1);
    unlinkSync(join(dir, `application-${day}.log`));
    await until("the file to be written again", async () => {
        await post(hub, { message: "again", source: "shop" });
        return text(dir, `application-${day}.log`).includes("again");
    }, 20_000);
    await hub.process.says(/INFO: .*is written again; \d+ bytes of lines are missing in it/);
});

scenario("what was collected is written when the hub stops; none is wanted: none is made", async (s) => {
    const hub = await s.hub();
    await post(hub, { message: "last words", source: "shop" });
    await hub.stop();
    assert.match(text(hub.logDir, `application-${today()}.log`), /INFO: last words\n$/);
    rmSync(join(hub.logDir, `application-${today()}.log`));
    hub.configure({ application: { sources: "none" } });
    await hub.start();
    await post(hub, { message: "unwanted", source: "shop" });
    await hub.stop();
    assert.ok(!existsSync(join(hub.logDir, `application-${today()}.log`)));
});

scenario("a folder that everybody may change is refused with what to do", async (s) => {
    const dir = s.folder("open");
    chmodSync(dir, 0o777);
    const hub = await s.hub({ settings: { application: { dir } } });
    await post(hub, { message: "x", source: "shop" });
    await hub.process.says(/may be changed by everybody; make it safe with chmod o-w/);
    assert.deepEqual(readdirSync(dir), []);
    const bad = s.newHub({ dir: s.folder("zone"), settings: { time_zone: "Mars/Olympus" } });
    bad.launch();
    await bad.process.says(/'time_zone': there is no time zone 'Mars\/Olympus' on this machine/).catch((e) => assert.match(e.message, /no time zone/));
    assert.notEqual(await bad.process.end(), 0);
});

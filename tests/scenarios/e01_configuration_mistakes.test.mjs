// SPDX-License-Identifier: MIT
//
// A mistake in the configuration or on the command line is named with its place and the nearest name.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { scenario } from "../lib/scenario.mjs";
import { until } from "../lib/wait.mjs";

const USAGE = 2;

const FILES = [
    ["hub_name: mill\nlissten: none\n", "2:1: unknown setting 'lissten': did you mean 'listen'?"],
    ["auth:\n  lopback: none\n", "2:3: unknown setting 'auth.lopback': did you mean 'auth.loopback'?"],
    ["durability: sometimes\n", "1:13: 'durability' is one of os, interval, always, not 'sometimes'"],
    ["stop_timeout: 5\n", "1:15: 'stop_timeout' is a duration such as 250ms, 10s, 5m or 30d, not '5'"],
    ["journal_max: 1kB\n", "1:14: 'journal_max' goes from 32MiB to 16TiB"],
    ["listen: none\nlisten: none\n", "2:1: 'listen' is given twice; the first is at line 1"],
    ["listen: [1\n", "not well-formed YAML"],
    [
        "processes:\n  web:\n    comand: [x]\n",
        "3:5: unknown key 'comand' of process 'web': did you mean 'command'?",
    ],
    ["processes:\n  web:\n    log: append\n", "process 'web' has no command"],
    ["processes:\n  a b: {command: x}\n", "2:3: 'a b' cannot be a process"],
    [
        "processes:\n  a: {command: x, restart: often}\n",
        "'restart' is one of never, on-failure, always, not 'often'",
    ],
    ["processes:\n  a: {command: x, labels: {level: x}}\n", "'level' cannot be a label"],
];

scenario("a mistake in the file is named with file, line, column and the nearest name", async (s) => {
    const file = s.path("mistaken.yaml");
    for (const [text, sentence] of FILES) {
        writeFileSync(file, text);
        const serve = s.logmill(["serve", "--config", file, "--state-dir", s.path("state")]);
        assert.equal(await serve.end(), USAGE, text);
        assert.ok(serve.stderr.startsWith(`logmill: ${file}:`), serve.stderr);
        assert.ok(serve.stderr.includes(sentence), `${text} gave ${serve.stderr}`);
        assert.equal(serve.stderr.trimEnd().split("\n").length, 1, "one line is enough");
    }
});

scenario("config check says what holds, or the same sentence as serve", async (s) => {
    const file = s.path("logmill.yaml");
    writeFileSync(file, "hub_name: mill\n");
    const good = s.logmill(["config", "check", "--config", file]);
    assert.equal(await good.end(), 0);
    assert.match(good.stdout, /^hub_name +mill +# .*logmill\.yaml:1$/m);

    writeFileSync(file, "hub_nam: mill\n");
    const bad = s.logmill(["config", "check", "--config", file]);
    assert.equal(await bad.end(), USAGE);
    assert.match(bad.stderr, /logmill\.yaml:1:1: unknown setting 'hub_nam': did you mean 'hub_name'\?/);

    writeFileSync(file, "time_zone: Mars\n");
    const elsewhere = s.logmill(["config", "check", "--config", file]);
    assert.equal(await elsewhere.end(), 1);
    assert.match(elsewhere.stderr, /'time_zone': there is no time zone 'Mars'/);
});

const WORDS = [
    [["srve"], /there is no command 'srve': did you mean 'serve'\?/],
    [["serve", "--lisen", "1"], /unknown flag '--lisen': did you mean '--listen'\?/],
    [["serve", "now"], /'now' is not expected here/],
    [["serve", "--config", "/nonexistent.yaml"], /the configuration '\/nonexistent\.yaml' cannot be read/],
    [["run"], /say which command, after --: logmill run -- make/],
    [["run", "make"], /put -- before the command: logmill run -- make/],
    [["run", "--nme", "1", "--", "make"], /unknown flag '--nme': did you mean '--name'\?/],
    [["run", "--name", "a b", "--", "make"], /a name has 1 to 64 letters, digits, '\.', '_' or '-'/],
    [["run", "--label", "x", "--", "make"], /a label looks like this: --label name=value/],
    [["tail", "--levl", "warn"], /unknown (flag|option) '--levl'/],
    [["tail", "everything"], /'everything' is (too much|not expected) here/],
];

scenario("a mistake on the command line is answered with the nearest name", async (s) => {
    for (const [words, sentence] of WORDS) {
        const run = s.logmill(words);
        assert.equal(await run.end(), USAGE, words.join(" "));
        assert.match(run.stderr, sentence);
        assert.equal(run.stdout, "");
    }
});

scenario("a variable that nobody reads causes a warning, not a failure", async (s) => {
    const hub = await s.hub({ env: { LOGMILL_LISTN: "none" } });
    await hub.process.says(/WARN: nobody reads the variable LOGMILL_LISTN: did you mean LOGMILL_LISTEN\?/);
});

scenario("tail without a hub says how to get one; with a bad parameter what is wrong", async (s) => {
    const hub = s.newHub();
    const lonely = s.tail(hub);
    assert.equal(await lonely.process.end(), 1);
    assert.match(
        lonely.process.stderr,
        /no hub answers at .*hub\.sock.*: start one with `logmill serve`, or name its socket with --socket/,
    );

    await hub.start();
    const wrong = s.tail(hub, ["--level", "loud"]);
    assert.equal(await wrong.process.end(), USAGE);
    assert.match(wrong.process.stderr, /the hub refused \(400\): .*level.*trace, debug, info, warn, error/);
    await until("the hub to live", () => hub.process.status === null);
});

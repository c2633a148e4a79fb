// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileFilter, filterError, parseFilter, printFilter } from "../dist/esm/index.js";
import { SENTENCES } from "../dist/esm/filter/errors.js";

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** The examples that C, the documents and this package have in common. */
function examples() {
    const found = [];
    for (const line of read("tests/golden/filter-grammar.txt").split("\n"))
        if (line.startsWith("? ")) found.push({ text: line.slice(2) });
        else if (line.startsWith("= ") || line === "=") found.at(-1).canonical = line.slice(2);
        else if (line.startsWith("! ")) {
            const [column, code] = line.slice(2).split(" ");
            Object.assign(found.at(-1), { column: Number(column), code });
        }
    return found;
}

test("every example of the grammar is understood as the hub does", () => {
    let checked = 0;
    for (const { text, canonical, column, code } of examples()) {
        if (code === "regex" || code === "not_utf8") continue; // PCRE2's and the bytes' business
        if (code) {
            const error = filterError(text);
            assert.deepEqual([error?.column, error?.code], [column, code], text);
        } else {
            assert.equal(printFilter(parseFilter(text)), canonical, text);
            if (canonical.length <= 4096) assert.equal(printFilter(parseFilter(canonical)), canonical, canonical);
            assert.equal(filterError(text), null, text);
        }
        checked++;
    }
    assert.ok(checked > 350, String(checked));
});

test("errors have the hub's sentences", () => {
    const table = read("src/record/filter_errors.def").matchAll(/FILTER_ERROR\((\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)/g);
    const sentences = {};
    for (const [, name, pieces] of table)
        sentences[name] = [...pieces.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, p]) => JSON.parse(`"${p}"`)).join("");
    assert.deepEqual(SENTENCES, sentences);
});

test("levels have the hub's names", () => {
    for (const [, word, level] of read("src/record/level_words.def").matchAll(/"(\w+)", (\w+),/g))
        assert.ok(compileFilter(`level:${word}`).matches({ level: level.toLowerCase() }), word);
});

const record = {
    id: 1200,
    timestamp: "2026-01-15T10:30:45.123456Z",
    level: "warn",
    stream: "stderr",
    source: "web",
    job_run_id: "42",
    team: "blue",
    message: "\x1b[31mConnection\x1b[0m reset by peer",
    fields: { duration: 251, "http.status": 500, http: { method: "GET" }, tags: ["db", "web"], items: [{ id: 1 }, { id: 2 }], ok: true, none: null },
};

test("what chooses a record", () => {
    const yes = [
        "", "connection", '"connection reset"', "-healthcheck", "/conn.*RESET/i", "level>=warn", "level:warning,error",
        "stream:stderr", "source:web,db", "source:~^w", "job_run_id:42", "job_run_id>7", "team:blue", "duration>250",
        "duration:251.0", "http.status:500", "http.method:GET", "tags:web", "items.id:2", "ok:true", "fields.duration<252",
        "id>1100", "id:1200,7", "timestamp>=2026-01-15T10:30:00Z", "timestamp<2026-01-16", "-none:~\"\"", "a OR reset",
        "-(healthcheck timeout)", "-nothere>5", "message:reset,never", "team:~/^BLUE/i",
    ];
    for (const text of yes) assert.ok(compileFilter(text).matches(record), text);
    const no = [
        "31m", "Connection healthcheck", "level>warn", "source:we", "duration>251", "nothere>5", "nothere<5", "none:~\"\"",
        "fields.team:blue", "stream:stdout", "-(connection reset)", "timestamp<2026-01-15", "source>x", "id<1200",
    ];
    for (const text of no) assert.ok(!compileFilter(text).matches(record), text);
});

test("times may be said from now", () => {
    const now = Date.parse("2026-01-15T10:35:00Z");
    assert.ok(compileFilter("timestamp>5m", now).matches(record));
    assert.ok(!compileFilter("timestamp>4m", now).matches(record));
});

test("what only the hub can decide passes, on either side of a minus", () => {
    for (const text of ["/(?<a>x)(?P>a)/", "-/(?P>a)/", "/ c o n /x"]) {
        const filter = compileFilter(text);
        assert.equal(filter.exact, false, text);
        assert.ok(filter.matches(record), text);
    }
});

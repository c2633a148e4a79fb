#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""store_compare - the store beside SQLite, SQLite with FTS5, ripgrep and `zstd | rg`, in one run.

    store_compare.py build/bench plain.log [lines]

plain.log is a corpus of gencorpus. Every figure is processor time as the operating system counts it (user and system,
children included), so that what else runs on the machine matters little; wall-clock times stand beside it. Needs
sqlite3 with FTS5 in Python, ripgrep and zstd.
"""
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time

QUESTIONS = [
    ("rare id", "zq7xneedle0fk3"),
    ("absent word", "nosuchwordanywhere"),
    ("rare word", "quasarflux"),
    ("common phrase", "authentication failure"),
    ("common word", "connection"),
    ("unprunable", "7.1"),
]


def cpu():
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        use = resource.getrusage(who)
        total += use.ru_utime + use.ru_stime
    return total


def measured(work):
    """Processor seconds, wall-clock seconds, and what work() returns."""
    before, start = cpu(), time.monotonic()
    answer = work()
    return cpu() - before, time.monotonic() - start, answer


def rows_of(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            stamp, rest = line.rstrip("\n").split(" ", 1)
            level, source, job, stream, *text = rest.split(None, 4)
            yield stamp, level, source, job, stream, text[0] if text else ""


def fill(path, corpus, fts):
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("CREATE TABLE logs(stamp TEXT, level TEXT, source TEXT, job TEXT, stream TEXT, message TEXT)")
    if fts:
        db.execute("CREATE VIRTUAL TABLE words USING fts5(message, content='logs', content_rowid='rowid')")
    with db:
        db.executemany("INSERT INTO logs VALUES (?,?,?,?,?,?)", rows_of(corpus))
    if fts:
        with db:
            db.execute("INSERT INTO words(rowid, message) SELECT rowid, message FROM logs")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return db


def report_build(name, used, lines, size):
    print(f"{name:22} {used[0] / lines * 1e6:8.2f} CPU s per million lines {size / lines:9.2f} bytes a line")


def report_answer(name, used):
    print(f"  {name:20} {used[0] * 1e3:10.1f} ms CPU {used[1] * 1e3:10.1f} ms   {used[2]}")


def ask_sqlite(db, text):
    return db.execute("SELECT count(*) FROM logs WHERE message LIKE ?", (f"%{text}%",)).fetchone()[0]


def ask_fts(db, text):
    return db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (f'"{text}"',)).fetchone()[0]


def ask_shell(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False).stdout.strip()


def main():
    bench, corpus = sys.argv[1], sys.argv[2]
    lines = int(sys.argv[3]) if len(sys.argv) > 3 else 7000000
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(corpus))) as folder:
        text = os.path.join(folder, "text.log")
        subprocess.run(f"head -n {lines} '{corpus}' >'{text}' && zstd -q -1 '{text}'", shell=True, check=True)
        print(f"{lines} lines, {os.path.getsize(text) / lines:.1f} bytes a line as text")
        out = os.path.join(folder, "chunks")
        print(subprocess.run([f"{bench}/store_seal", text, out], capture_output=True, text=True, check=True).stdout)
        print(subprocess.run([f"{bench}/store_query", out], capture_output=True, text=True, check=True).stdout)
        print(f"text, zstd -1          {os.path.getsize(text + '.zst') / lines:43.2f} bytes a line")
        databases = {}
        for name, fts in (("SQLite", False), ("SQLite + FTS5", True)):
            path = os.path.join(folder, f"{fts}.db")
            used = measured(lambda: fill(path, text, fts))
            databases[name] = used[2]
            report_build(name, used, lines, os.path.getsize(path))
        for name, needle in QUESTIONS:
            print(f"{name} ({needle})")
            report_answer("SQLite LIKE", measured(lambda: ask_sqlite(databases["SQLite"], needle)))
            report_answer("FTS5 MATCH", measured(lambda: ask_fts(databases["SQLite + FTS5"], needle)))
            report_answer("rg", measured(lambda: ask_shell(f"rg -ciF '{needle}' '{text}'")))
            report_answer("zstd | rg", measured(lambda: ask_shell(f"zstd -dcq '{text}.zst' | rg -ciF '{needle}'")))


if __name__ == "__main__":
    main()

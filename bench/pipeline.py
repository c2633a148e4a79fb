#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pipe -> keeper -> hub -> journal: lines per second, and what keeper and hub cost apart.

    bench/pipeline.py [BUILD] [LINES] [ROUNDS] [FILE]

The child is `cat` of a file of LINES realistic lines that lies in the page cache: of bench/corpus_writer.c, or the
first of FILE, whose lines begin with a full time stamp (bench/gencorpus/). These become times of now, as in what a
program writes now: a line of another day keeps its own time as a field, which is as much to store and to index
again. The clock runs from the start of `logmill run` until the hub has published the last line. CPU:
hub = all its threads; keeper = what `logmill run` used less what the exit record says of the child.
The journal is small (64 MiB), so that its files are used again, as they are in a hub that has run for a
while. A round that lost a line counts as failed. Printed is the median.
"""
import datetime
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from hub import Hub

STAMP = len("2026-11-19T00:00:00.002")


def write_lines(build, lines, source, target):
    if not source:
        subprocess.run([f"{build}/bench/corpus_writer", str(lines)], stdout=target, check=True)
        return
    now = datetime.datetime.now(datetime.timezone.utc)
    with open(source, "rb") as old:
        for i, line in enumerate(itertools.islice(old, lines)):
            time = now + datetime.timedelta(microseconds=500 * i)
            target.write(time.strftime("%Y-%m-%dT%H:%M:%S.%f").encode()[:STAMP] + line[STAMP:])
    target.flush()


def one_round(build, corpus, lines):
    hub = Hub(build, "--journal-max", "64MiB")
    before, cpu = hub.metric("records_total"), hub.cpu_seconds()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(hub.run_command("cat", corpus), check=True)
    while hub.metric("records_total") < before + lines + 1:
        if time.monotonic() > start + 60:
            hub.close()
            raise SystemExit("lines are missing")
        time.sleep(0.005)
    wall = time.monotonic() - start
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = json.loads(hub.get("/api/v1/logs?stream=system&source=bench&limit=1&count=none"))["logs"][0]
    child = (ended["fields"]["user_ms"] + ended["fields"]["system_ms"]) / 1000
    keeper = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime - child
    result = {"lines_s": lines / wall, "hub": (hub.cpu_seconds() - cpu) * 1e6 / lines,
              "keeper": keeper * 1e6 / lines, "lost": hub.metric("gap_bytes_total"), "anon_kb": hub.rss_kb()}
    hub.close()
    return result


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 3000000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with tempfile.NamedTemporaryFile() as corpus:
        write_lines(build, lines, sys.argv[4] if len(sys.argv) > 4 else None, corpus)
        size = os.fstat(corpus.fileno()).st_size
        results = [one_round(build, corpus.name, lines) for _ in range(rounds)]
    median = {key: statistics.median(r[key] for r in results) for key in results[0]}
    print(f"{lines} lines, {size / lines:.0f} bytes a line, {rounds} rounds, median:")
    print(f"  {median['lines_s'] / 1e6:.2f} M lines/s ({median['lines_s'] * size / lines / 1e6:.0f} MB/s)")
    print(f"  CPU s per million lines: keeper {median['keeper']:.2f}, hub {median['hub']:.2f}")
    print(f"  bytes given up: {max(r['lost'] for r in results)}; anonymous memory of the hub {median['anon_kb']} kB")


main()

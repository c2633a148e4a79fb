#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""file -> parsed -> journal: lines per second of followed files, on one core.

    bench/follow.py [BUILD] [FILE...] [--rounds N]

Each FILE (default: 3 million lines of bench/corpus_writer.c) lies in the page cache when a hub starts that
follows it from its beginning. CPU is that of the hub from its start to the last record, of its loop thread
(everything a line passes on its way into the journal) and of all threads (syncing, sealing). Lines per second of
CPU is what one core does, whatever else the machine is busy with. The journal is
256 MiB, so that its files are used again. Printed is the best round; one that lost a line fails.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from hub import Hub


def one_round(build, path, lines):
    folder = tempfile.mkdtemp(prefix="logmill-bench.")
    config = f"{folder}/logmill.yaml"
    with open(config, "w") as f:
        f.write(f"journal_max: 256MiB\nfiles: [{{path: '{path}', source: bench}}]\n")
    start = time.monotonic()
    hub = Hub(build, "--config", config)
    while hub.metric("file_bytes_total") < os.path.getsize(path):
        if time.monotonic() > start + 120:
            raise SystemExit("bytes are missing")
        time.sleep(0.02)
    wall, cpu, loop = time.monotonic() - start, hub.cpu_seconds(), hub.cpu_seconds("loop")
    records = hub.metric("records_total") - 2  # what the hub said itself: its socket, its journal or URL
    rss = hub.rss_kb()
    hub.close()
    shutil.rmtree(folder)
    if records < lines - 2 or records > lines + 2:
        raise SystemExit(f"{records} records of {lines} lines")
    return cpu, loop, wall, rss


def measure(build, path, rounds):
    with open(path, "rb") as f:
        lines = sum(piece.count(b"\n") for piece in iter(lambda: f.read(1 << 20), b""))
    size = os.path.getsize(path)
    results = [one_round(build, path, lines) for _ in range(rounds)]
    cpu, loop, wall, rss = (min(r[i] for r in results) for i in range(4))
    print(f"{os.path.basename(path)}: {lines} lines, {size / lines:.0f} bytes a line, best of {rounds}:")
    print(f"  {lines / loop / 1e6:.2f} M lines per CPU second of the loop ({size / loop / 1e6:.0f} MB/s), "
          f"{lines / cpu / 1e6:.2f} of all threads; wall {lines / wall / 1e6:.2f} M/s; "
          f"anonymous memory {rss} kB")


def main():
    args = sys.argv[1:]
    rounds = 3
    if "--rounds" in args:
        i = args.index("--rounds")
        rounds = int(args[i + 1])
        del args[i:i + 2]
    build = args[0] if args else "build"
    if args[1:]:
        for path in args[1:]:
            measure(build, os.path.abspath(path), rounds)
        return
    with tempfile.NamedTemporaryFile(suffix=".log") as corpus:
        subprocess.run([f"{build}/bench/corpus_writer", "3000000"], stdout=corpus, check=True)
        measure(build, corpus.name, rounds)


main()

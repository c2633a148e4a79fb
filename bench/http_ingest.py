#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""POST /api/v1/logs -> journal: records per second over HTTP, and what the hub uses for them.

    bench/http_ingest.py [BUILD] [SECONDS] [CONNECTIONS] [RECORDS] [ROUNDS]

Clients (bench/http_push.c) post bodies of RECORDS NDJSON records and wait for each answer; hub and
clients share the machine. The journal is small (64 MiB), so that its files are used again. Printed is the
median of the rounds.
"""
import statistics
import subprocess
import sys

from hub import Hub


def one_round(build, seconds, connections, records):
    hub = Hub(build, "--journal-max", "64MiB")
    cpu = hub.cpu_seconds()
    out = subprocess.run([f"{build}/bench/http_push", hub.address.split(":")[1], str(seconds), str(connections),
                          str(records)], check=True, capture_output=True, text=True)
    accepted, us = map(int, out.stdout.split())
    result = {"records_s": accepted / us * 1e6, "hub": (hub.cpu_seconds() - cpu) * 1e6 / accepted,
              "anon_kb": hub.rss_kb(), "about": out.stderr.strip()}
    if hub.metric("push_accepted_total") != accepted:
        raise SystemExit("the hub has counted something else")
    hub.close()
    return result


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    seconds, connections, records, rounds = (
        int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 5), (3, 2), (4, 5000), (5, 3)))
    results = [one_round(build, seconds, connections, records) for _ in range(rounds)]
    median = {key: statistics.median(r[key] for r in results) for key in ("records_s", "hub", "anon_kb")}
    print(f"{connections} connections, bodies of {results[0]['about']}, {rounds} rounds, median:")
    print(f"  {median['records_s'] / 1e3:.0f} k records/s")
    print(f"  CPU s per million records: hub {median['hub']:.2f}; anonymous memory of the hub {median['anon_kb']} kB")


main()

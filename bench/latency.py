#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""write() in the child -> bytes at WebSocket clients: latency, and what the hub spends.

    bench/latency.py [BUILD] [SECONDS]

The child (bench/fanpub.c) stamps each line with the time just before its write(); the clients
(bench/fanload/, one process) compare on arrival, once per read(). All on this machine, over loopback TCP.
"""
import json
import subprocess
import sys

from hub import Hub

CASES = [("rare lines, 1 client", 20, 1), ("1,000 lines/s, 100 clients", 1000, 100),
         ("10,000 lines/s, 50 clients", 10000, 50), ("1,000 lines/s, 1,000 clients", 1000, 1000)]


def measure(build, rate, clients, seconds):
    hub = Hub(build)
    child = hub.run_command(f"{build}/bench/fanpub", "--mode", "stdout", "--url", "-", "--rate", str(rate),
                            "--size", "200", "--duration", str(seconds + 3))
    out = subprocess.run(
        [f"{build}/bench/fanload", "--mode", "ws", "--url", f"ws://{hub.address}/api/v1/logs/stream/ws", "-c", str(clients),
         "-d", str(seconds), "-w", "1", "--unescape", "--pid", str(hub.process.pid), "--on-ready",
         "exec " + " ".join(child)], stdout=subprocess.PIPE, check=True).stdout
    hub.close()
    return json.loads(out)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{'':30}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'us CPU/delivery':>17}{'missing':>9}")
    for name, rate, clients in CASES:
        r = measure(build, rate, clients, seconds)
        lat = r["lat_us"]
        print(f"{name:30}{lat['p50'] / 1000:9.2f}{lat['p99'] / 1000:9.2f}{lat['max'] / 1000:9.2f}"
              f"{r['srv']['us_per_msg']:17.3f}{r['missing_max']:9}")


main()

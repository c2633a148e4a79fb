#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ten thousand who only wait, and a thousand who each want something else.

    bench/crowd.py [BUILD] [SECONDS] [idle|runs]

idle   10,000 clients connect and nothing is published: the hub's own memory (RssAnon) and all that is resident, before
       and with them, and what it spends on their heartbeats.
runs   1,000 WebSocket clients get 40 lines a second each: of one job run that all watch, or each of a run of its own.
       The CPU that the same lines cost without a client is measured in the same way and taken off, so that what is
       left is delivery. Both ways deliver the same number a second, mostly in the same number of writes.
"""
import json
import subprocess
import sys
import time

from hub import Hub

CROWD = 10_000
CLIENTS = 1000
LINES_EACH = 40


def load(build, hub, mode, url, clients, seconds, *more):
    command = [f"{build}/bench/fanload", "--mode", mode, "--url", url, "-c", str(clients), "-d", str(seconds),
               "--pid", str(hub.process.pid), *more]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def idle(build, seconds):
    print(f"{'':12}{'own MB':>9}{'with':>8}{'kB each':>9}{'resident MB':>13}{'with':>8}{'CPU s':>8}")
    for mode, scheme, path in (("sse", "http", "sse"), ("ws", "ws", "ws")):
        hub = Hub(build, "--max-connections", str(CROWD + 100))
        own, resident = hub.rss_kb(), hub.rss_kb("VmRSS")
        url = f"{scheme}://{hub.address}/api/v1/logs/stream/{path}"
        watcher = subprocess.Popen([f"{build}/bench/fanload", "--mode", mode, "--url", url, "-c", str(CROWD), "-d", str(seconds),
                                    "--idle"], stdout=subprocess.PIPE)
        while hub.metric("connections") < CROWD:
            time.sleep(0.05)
        cpu = hub.cpu_seconds()
        time.sleep(seconds * 0.8)
        cpu = hub.cpu_seconds() - cpu
        own_with, resident_with = hub.rss_kb(), hub.rss_kb("VmRSS")
        print(f"{mode:12}{own / 1024:9.1f}{own_with / 1024:8.1f}{(own_with - own) / CROWD:9.2f}{resident / 1024:13.1f}"
              f"{resident_with / 1024:8.1f}{cpu:8.2f}", flush=True)
        watcher.communicate()
        hub.close()


def publisher(build, hub, rate, runs, seconds):
    return hub.run_command(f"{build}/bench/fanpub", "--mode", "stdout", "--url", "-", "--size", "200", "--rate", str(rate),
                           "--burst", str(max(1, rate // 1000)), "--runs", str(runs), "--duration", str(seconds + 4))


def intake(build, rate, runs, seconds):
    """CPU seconds a second of lines that nobody watches."""
    hub = Hub(build)
    child = subprocess.Popen(publisher(build, hub, rate, runs, seconds))
    time.sleep(2)
    before, begin = hub.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    spent = (hub.cpu_seconds() - before) / (time.monotonic() - begin)
    child.terminate()
    child.wait()
    hub.close()
    return spent


def watched(build, rate, runs, run, seconds):
    hub = Hub(build, "--feed-memory", "256MiB")
    wish = f'{{"type":"filter","job_run_id":"run-{run}"}}'
    r = load(build, hub, "ws", f"ws://{hub.address}/api/v1/logs/stream/ws?job_run_id=none", CLIENTS, seconds, "-w", "2",
             "--unescape", "--send", wish, "--on-ready", "exec " + " ".join(publisher(build, hub, rate, runs, seconds)))
    per_send = hub.metric("delivered_total") / max(hub.metric("sends_total"), 1)
    hub.close()
    return r, per_send


def runs(build, seconds):
    cost = {}
    print(f"{'':12}{'lines/s':>9}{'to clients/s':>14}{'CPU s/s':>9}{'intake':>8}{'us each':>9}{'a write':>9}{'p50 ms':>8}{'p99 ms':>8}")
    for name, rate, count, run in (("one run", LINES_EACH, 1, "000000"), ("1,000 runs", LINES_EACH * CLIENTS, CLIENTS, "%06d")):
        alone = intake(build, rate, count, seconds)
        r, per_send = watched(build, rate, count, run, seconds)
        spent = r["srv"]["cpu_s"] / r["secs"]
        each = r["msgs"] / r["secs"]
        cost[name] = (spent - alone) / each * 1e6
        print(f"{name:12}{rate:9}{each:14.0f}{spent:9.3f}{alone:8.3f}{cost[name]:9.3f}{per_send:9.2f}"
              f"{r['lat_us']['p50'] / 1000:8.2f}{r['lat_us']['p99'] / 1000:8.2f}", flush=True)
    print(f"1,000 runs against one: {cost['1,000 runs'] / cost['one run']:.2f}")


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    for name, bench in (("idle", idle), ("runs", runs)):
        if not sys.argv[3:] or name in sys.argv[3:]:
            bench(build, seconds)


main()

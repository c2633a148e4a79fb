#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One stream to many clients: what the hub spends for each record it delivers.

    bench/fanout.py [BUILD] [SECONDS] [CASE ...]

A child (bench/fanpub.c) writes lines; bench/fanload/ holds all clients in one process. Saturated: the
child keeps at most WINDOW records ahead of the slowest client, so that nothing is lost and nobody waits.
CPU is the hub's, all threads, by the kernel's accounting over the measured window: it includes reading,
parsing and storing each record once, which is nearly all of it when there is one client. Bytes are those of
a message without its frame header. kB/conn counts pages of the journal and of feeds, too.
"""
import json
import subprocess
import sys
import tempfile

from hub import Hub

WS = ("ws", "ws://{}/api/v1/logs/stream/ws", ["--unescape"])
V1 = ("ws", "ws://{}/api/v1/logs/stream/ws",
      ["--unescape", "--records", "--header", "Sec-WebSocket-Protocol: logmill.v1"])
SSE = ("sse", "http://{}/api/v1/logs/stream/sse", ["--unescape"])
SIO = ("sio", "ws://{}", ["--unescape"])

# name: how clients connect, clients, lines per second (0: saturated), records ahead
CASES = {
    "1": (WS, 1, 0, 20000),
    "100": (WS, 100, 0, 4000),
    "1000": (WS, 1000, 0, 2000),
    "5000": (WS, 5000, 0, 1000),
    "v1-100": (V1, 100, 0, 4000),
    "v1-1000": (V1, 1000, 0, 2000),
    "sse-1000": (SSE, 1000, 0, 2000),
    "sio-100": (SIO, 100, 0, 4000),
    "steady-100": (WS, 100, 1000, 0),
    "steady-1000": (WS, 1000, 1000, 0),
}


def measure(build, case, seconds):
    (mode, url, flags), clients, rate, window = case
    hub = Hub(build, "--client-lag", "16MiB", "--feed-memory", "256MiB")
    with tempfile.NamedTemporaryFile() as progress:
        pub = [f"{build}/bench/fanpub", "--mode", "stdout", "--url", "-", "--size", "75", "--rate", str(rate),
               "--duration", str(seconds + 60)]
        if rate == 0:
            pub += ["--window", str(window), "--progress", progress.name]
        command = [f"{build}/bench/fanload", "--mode", mode, "--url", url.format(hub.address), "-c", str(clients),
                   "-d", str(seconds), "-w", "1", *flags, "--progress", progress.name, "--pid", str(hub.process.pid),
                   "--on-ready", "exec " + " ".join(hub.run_command(*pub))]
        out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    sends, delivered = hub.metric("sends_total"), hub.metric("delivered_total")
    hub.close()
    return json.loads(out), delivered / max(sends, 1)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{'':12}{'M/s':>8}{'bytes':>7}{'us CPU each':>13}{'user':>8}{'system':>8}{'a write':>9}{'p50 ms':>8}"
          f"{'p99 ms':>8}{'lost':>6}{'kB/conn':>9}")
    for name in sys.argv[3:] or CASES:
        r, per_send = measure(build, CASES[name], seconds)
        srv, lat, n = r["srv"], r["lat_us"], max(r["msgs"], 1)
        if "--records" in CASES[name][0][2]:
            n = max(lat["n"], 1)
        print(f"{name:12}{n / r['secs'] / 1e6:8.2f}{r['mb_s'] * 1e6 * r['secs'] / n:7.0f}{srv['cpu_s'] * 1e6 / n:13.3f}"
              f"{srv['user_s'] * 1e6 / n:8.3f}{srv['sys_s'] * 1e6 / n:8.3f}{per_send:9.0f}{lat['p50'] / 1000:8.2f}"
              f"{lat['p99'] / 1000:8.2f}{r['gaps']:6}{srv['kb_per_conn']:9.2f}", flush=True)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""beside_queries.py - what others notice of eight clients that ask expensive questions.

    bench/beside_queries.py [lines] [seconds]       1,500,000 lines, 15 s

A hub with `durability: always`, and a store of lines of about 150 bytes. Without and with eight clients, each of
which asks for the exact number of matches of a regex without a word that must be there, one after the other: how long
a record takes until its request is answered (which is after a sync), a question for the newest ten records, and a
client of the stream that comes back behind an old record, until it has the next. Median,
99th percentile and maximum, in ms; the two rows of a kind come from one run.
"""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from history import ROOT, write_corpus
from hub import Hub

REGEX = "/[0-9a-f]{4}[3-7]+ (cart|queue).*[13579]$/"
QUERIES = 8


class Asking(threading.Thread):
    """One expensive question after the other."""

    def __init__(self, address, over):
        super().__init__(daemon=True)
        self.address, self.over, self.done = address, over, 0

    def run(self):
        path = "/api/v1/logs?limit=1&q=" + urllib.parse.quote(REGEX)
        while not self.over.is_set():
            conn = http.client.HTTPConnection(self.address)
            conn.request("GET", path)
            self.done += conn.getresponse().status == 200
            conn.close()


def push(hub):
    conn = http.client.HTTPConnection(hub.address)
    conn.request("POST", "/api/v1/logs?source=probe", json.dumps({"message": "is it there"}))
    assert conn.getresponse().status == 200
    conn.close()


def newest(hub):
    hub.get("/api/v1/logs?limit=10&count=none")


def resume(hub, after):
    conn = http.client.HTTPConnection(hub.address)
    conn.request("GET", f"/api/v1/logs/stream/sse?resume=all&after={after}")
    answer = conn.getresponse()
    while not answer.readline().startswith(b"data:"):
        pass
    conn.close()


def measure(hub, middle, seconds):
    kinds = {"a record until it is synced": lambda: push(hub), "the newest ten": lambda: newest(hub),
             "a stream that resumes": lambda: resume(hub, middle)}
    taken = {name: [] for name in kinds}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name, ask in kinds.items():
            start = time.monotonic()
            ask()
            taken[name].append((time.monotonic() - start) * 1000)
            time.sleep(0.01)
    return taken


def show(title, taken):
    for name, times in taken.items():
        times.sort()
        print(f"{title:<16}{name:<30}{statistics.median(times):8.1f}{times[len(times) * 99 // 100]:9.1f}"
              f"{times[-1]:9.1f}   of {len(times)}", flush=True)


def main():
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_500_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 15
    hub = Hub(f"{ROOT}/build", "--durability", "always", "--application-sources", "none", "--http-logs", "on")
    try:
        with tempfile.NamedTemporaryFile(suffix=".ndjson") as corpus:
            write_corpus(corpus.name, lines)
            subprocess.run([f"{ROOT}/build/logmill", "import", "--socket", hub.socket, corpus.name], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while hub.metric("journal_unsealed"):
            time.sleep(0.2)
        middle = lines // 10
        print(f"{'':<46}{'median':>8}{'99 %':>9}{'worst':>9}   ms")
        show("alone", measure(hub, middle, seconds / 3))
        over = threading.Event()
        asking = [Asking(hub.address, over) for _ in range(QUERIES)]
        for a in asking:
            a.start()
        time.sleep(0.5)
        before = hub.cpu_seconds()
        show(f"{QUERIES} regexes", measure(hub, middle, seconds))
        over.set()
        for a in asking:
            a.join()
        print(f"{sum(a.done for a in asking)} such questions were answered; the hub used {hub.cpu_seconds() - before:.1f} s of CPU")
    finally:
        hub.close()


if __name__ == "__main__":
    main()

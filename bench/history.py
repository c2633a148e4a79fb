#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""history.py - what asking for history costs a client: latency over HTTP, a large download, memory.

    bench/history.py [lines]          4,500,000 lines when not said: an export of about 1 GB

A hub in a directory of its own, lines of 150 bytes in 200 job runs and 4 sources, brought in with
`logmill import`. Each question is asked seven times on one connection; the median counts, which includes the
way to the client and the encoding of the answer. Then everything is exported as NDJSON to a client that only counts
bytes, and the hub's memory is read twenty times a second meanwhile (VmRSS, with the journal's mapped pages, and
RssAnon, without). CPU time is the hub's own, from /proc.
"""

import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGMILL = os.path.join(os.environ.get("LOGMILL_BUILD", os.path.join(ROOT, "build")), "logmill")
WORDS = "order user item cart payment session cache queue worker request retry upstream".split()


def write_corpus(path, lines):
    rng = random.Random(42)
    with open(path, "w") as out:
        for i in range(lines):
            level = rng.choice(("info",) * 16 + ("debug",) * 2 + ("warn", "error"))
            text = (f"{rng.choice(WORDS)} {rng.randrange(10**9):09x} {rng.choice(WORDS)} took {rng.randrange(2000)} ms "
                    f"from 10.{i % 256}.{i // 7 % 256}.{i % 251} path /api/v1/{rng.choice(WORDS)}/{rng.randrange(100000)}")
            out.write(f'{{"message":"{text}","level":"{level}","source":"s{i % 4}","job_run_id":"job-{i // 997 % 200}"}}\n')


def status_kb(pid, name):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name + ":"))


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch(threading.Thread):
    """The most memory a process had."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.rss, self.anon, self.over = pid, 0, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            self.rss = max(self.rss, status_kb(self.pid, "VmRSS"))
            self.anon = max(self.anon, status_kb(self.pid, "RssAnon"))


def ask(conn, path):
    conn.request("GET", path)
    answer = conn.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return body


def main():
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 4_500_000
    with tempfile.TemporaryDirectory() as home:
        corpus = os.path.join(home, "in.ndjson")
        write_corpus(corpus, lines)
        env = {"HOME": home, "PATH": os.environ["PATH"]}
        hub = subprocess.Popen(
            [LOGMILL, "serve", "--state-dir", home, "--listen", "127.0.0.1:0", "--application-sources", "none"],
            stderr=subprocess.PIPE, text=True, env=env)
        for line in hub.stderr:
            if "Open http" in line:
                port = int(line.split("127.0.0.1:")[1].split("/")[0])
                break
        threading.Thread(target=hub.stderr.read, daemon=True).start()
        try:
            measure(hub, port, corpus, lines, env)
        finally:
            hub.terminate()
            hub.wait()


def measure(hub, port, corpus, lines, env):
    print(f"load average {os.getloadavg()[0]:.1f}")
    cpu, began = cpu_seconds(hub.pid), time.monotonic()
    subprocess.run([LOGMILL, "import", "--url", f"http://127.0.0.1:{port}", corpus], check=True, env=env,
                   stderr=subprocess.DEVNULL)
    took = time.monotonic() - began
    print(f"import: {lines / took / 1000:.0f} k lines/s, {(cpu_seconds(hub.pid) - cpu) / lines * 1e6:.2f} CPU s per million lines in the hub")
    conn = http.client.HTTPConnection("127.0.0.1", port)
    for what, path in (
        ("a word that is nowhere, exact count", "/api/v1/logs?search=zyxwvut"),
        ("a common word, exact count", "/api/v1/logs/count?search=payment"),
        ("newest 100 of everything, no count", "/api/v1/logs?count=none"),
        ("one job run and level, newest 100", "/api/v1/logs?job_run_id=job-7&level=error&count=none"),
        ("a job run, page of 100 with its total", "/api/v1/logs/job-runs/job-7"),
        ("histogram by minute and level", "/api/v1/logs/histogram?bucket=1m"),
        ("facets by source", "/api/v1/logs/facets?key=source"),
        ("patterns", "/api/v1/logs/patterns"),
        ("job runs", "/api/v1/job-runs?limit=100"),
        ("health, for comparison", "/healthz"),
    ):
        times = []
        for _ in range(7):
            began = time.monotonic()
            ask(conn, path)
            times.append((time.monotonic() - began) * 1000)
        print(f"{what}: {statistics.median(times):.1f} ms (fastest {min(times):.1f})")
    for path, what in (("/api/v1/logs/export", "NDJSON"), ("/api/v1/logs/export?format=text", "text"),
                       ("/api/v1/logs/export?compress=zst", "NDJSON as zst")):
        watch = Watch(hub.pid)
        watch.start()
        cpu, began, n = cpu_seconds(hub.pid), time.monotonic(), 0
        conn.request("GET", path)
        answer = conn.getresponse()
        while piece := answer.read(1 << 20):
            n += len(piece)
        took = time.monotonic() - began
        watch.over.set()
        print(f"export as {what}: {n / 1e6:.0f} MB, {n / took / 1e6:.0f} MB/s, {lines / took / 1000:.0f} k records/s, "
              f"{cpu_seconds(hub.pid) - cpu:.1f} CPU s; hub at most {watch.rss / 1000:.0f} MB, without mapped files {watch.anon / 1000:.0f} MB")
    print(json.dumps({"load_after": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()

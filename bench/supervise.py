#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The supervisor at work: restarts, slow children, many processes, memory.

    bench/supervise.py BUILD_DIR [restarts|slow|many|memory]...

restarts  a child is killed 300 times (restart: always, restart_delay: 0ms); from SIGKILL to main() of
          the next one, and to the exit record at an SSE client; posix_spawn() alone beside it
slow      20 children, 1,000 lines of 150 bytes a second each, one write a line, 20 s: CPU of keepers and
          hub per million lines, and from the write of a line to an SSE client that has it
many      500 processes, 50 of them end at once with code 1 and are started again: CPU of the hub in 30 s,
          from 5 s after the start on
memory    private memory of an idle hub without the pages of the journal, and of an idle keeper

All CPU is the kernel's own accounting. BUILD_DIR holds logmill, keeper and bench/stamper (target `benches`).
"""
import json
import os
import re
import select
import signal
import socket
import sys
import tempfile
import threading
import time

from hub import Hub


def config(settings):
    f = tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False)
    json.dump(settings, f)
    f.close()
    return f.name


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e6


class Events(threading.Thread):
    """An SSE client that notes when each piece arrived."""

    def __init__(self, hub, query, on_text):
        super().__init__(daemon=True)
        host, port = hub.address.rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)))
        self.sock.sendall(f"GET /api/v1/logs/stream/sse?{query} HTTP/1.1\r\nHost: {hub.address}\r\n\r\n".encode())
        self.on_text = on_text
        self.start()

    def run(self):
        while True:
            data = self.sock.recv(1 << 20)
            if not data:
                return
            self.on_text(time.monotonic_ns(), data)


def processes(hub):
    """Over the local socket, where one may."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(hub.socket)
    s.sendall(b"GET /api/v1/processes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = b""
    while piece := s.recv(1 << 20):
        answer += piece
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])["processes"]


def bench_restarts(build, rounds=300):
    place = tempfile.mkdtemp()
    fifo = f"{place}/fifo"
    os.mkfifo(fifo)
    pipe = os.open(fifo, os.O_RDWR)
    stamper = os.path.abspath(f"{build}/bench/stamper")
    path = config({"processes": {"victim": {"command": [stamper, "start", fifo], "restart": "always",
                                            "restart_delay": "0ms", "restart_limit": 0}}})
    hub = Hub(build, "--config", path)
    exits = []
    Events(hub, "source=victim", lambda at, data: exits.extend([at] * data.count(b'"event":"exit"')))
    starts, ends, bare = [], [], []
    pid = int(os.read(pipe, 64).split()[0])
    for _ in range(rounds):
        time.sleep(0.02)
        seen = len(exits)
        killed = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        if not select.select([pipe], [], [], 5)[0]:
            sys.exit("the next life did not begin")
        pid, born = map(int, os.read(pipe, 64).split())
        starts.append((born - killed) / 1e6)
        while len(exits) == seen:
            time.sleep(0.0005)
        ends.append((exits[seen] - killed) / 1e6)
        begun = time.monotonic_ns()
        other = os.posix_spawn(stamper, [stamper, "start", fifo], os.environ)
        bare.append((int(os.read(pipe, 64).split()[1]) - begun) / 1e6)
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
    hub.close()
    for what, values in (("a bare posix_spawn, for comparison", bare), ("SIGKILL to the new pid", starts), ("SIGKILL to the exit record at a client", ends)):
        print(f"{what}: median {percentile(values, 50):.2f} ms, p99 {percentile(values, 99):.2f} ms")


def bench_slow(build, children=20, rate=1000, seconds=20):
    stamper = os.path.abspath(f"{build}/bench/stamper")
    path = config({"processes": {f"slow{i}": {"command": [stamper, "lines", str(rate), str(seconds + 10)]}
                                 for i in range(children)}})
    hub = Hub(build, "--config", path)
    latencies = []

    def note(at, data):
        latencies.extend(at - int(ns) for ns in re.findall(rb"stamp (\d+) ", data))

    Events(hub, "search=stamp", note)
    time.sleep(3)
    keepers = [p["keeper_pid"] for p in processes(hub)]
    lines = hub.metric("records_total")
    before = [cpu_ms(pid) for pid in keepers]
    hub_before = hub.cpu_seconds()
    del latencies[:]
    time.sleep(seconds)
    after = [cpu_ms(pid) for pid in keepers]
    hub_cpu = hub.cpu_seconds() - hub_before
    lines = hub.metric("records_total") - lines
    keeper_cpu = (sum(after) - sum(before)) / 1000
    print(f"{children} children, {lines} lines: keepers {keeper_cpu * 1e6 / lines:.2f} and hub "
          f"{hub_cpu * 1e6 / lines:.2f} CPU s per million lines; to a client: median "
          f"{percentile(latencies, 50) / 1e6:.2f} ms, p99 {percentile(latencies, 99) / 1e6:.2f} ms")
    hub.close()


def bench_many(build, count=500, loops=50, seconds=30):
    entries = {f"p{i}": {"command": ["sleep", "1000"]} for i in range(count - loops)}
    entries |= {f"loop{i}": {"command": ["false"], "restart": "always", "restart_limit": 0} for i in range(loops)}
    begun = time.monotonic()
    hub = Hub(build, "--config", config({"processes": entries}), patience=300)
    while sum(p["state"] == "running" for p in processes(hub)) < count - loops:
        time.sleep(0.1)
    print(f"{count} processes: all up after {time.monotonic() - begun:.1f} s")
    time.sleep(5)
    before, restarts = hub.cpu_seconds(), sum(p["restarts"] for p in processes(hub))
    time.sleep(seconds)
    used = hub.cpu_seconds() - before
    restarts = sum(p["restarts"] for p in processes(hub)) - restarts
    print(f"  {loops} in a crash loop ({restarts} restarts in {seconds} s): hub {used * 100 / seconds:.2f} % CPU, "
          f"{hub.rss_kb()} kB anonymous memory")
    hub.close()


def bench_memory(build):
    hub = Hub(build, "--config", config({"processes": {"idle": {"command": ["sleep", "1000"]}}}))
    time.sleep(2)
    keeper = processes(hub)[0]["keeper_pid"]
    with open(f"/proc/{keeper}/smaps_rollup") as f:
        private = sum(int(line.split()[1]) for line in f if line.startswith("Private_"))
    journal = 0
    with open(f"/proc/{hub.process.pid}/smaps") as f:
        inside = False
        for line in f:
            if re.match(r"^[0-9a-f]+-", line):
                inside = "/journal/" in line
            elif inside and line.startswith("Rss:"):
                journal += int(line.split()[1])
    print(f"idle hub: {hub.rss_kb('VmRSS') - journal} kB resident without {journal} kB of the journal's pages, "
          f"{hub.rss_kb()} kB of it anonymous; idle keeper: {private} kB private")
    hub.close()


BENCHES = {"restarts": bench_restarts, "slow": bench_slow, "many": bench_many, "memory": bench_memory}

if __name__ == "__main__":
    if len(sys.argv) < 2 or any(name not in BENCHES for name in sys.argv[2:]):
        sys.exit(__doc__)
    for name in sys.argv[2:] or BENCHES:
        BENCHES[name](sys.argv[1])

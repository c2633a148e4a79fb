#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Attacks over HTTP: what somebody else notices, and what the hub holds meanwhile and afterwards.

    bench/attacks.py [BUILD] [SECONDS] [CONNECTIONS] [ATTACK ...]     needs slowhttptest

During each attack somebody asks GET /healthz every 100 ms, each time on a connection of its own; the time is from
connect() to the last byte. Memory is the hub's own (RssAnon) at its highest, beyond what it had before; descriptors
and connections are counted again when the attackers have gone. The slow ones are slowhttptest's: 200 new
connections a second, a few bytes every 10 s, reading 5 bytes a second of an answer of 1 MB.
"""
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from hub import Hub

LOGS = "/api/v1/logs?limit=5000"
SLOW = {
    "slow headers": ["-H", "-u", "/"],
    "slow body": ["-B", "-s", "8192", "-t", "POST", "-u", "/api/v1/logs"],
    "slow read": ["-X", "-k", "3", "-u", LOGS],
    "ranges": ["-R", "-t", "HEAD", "-a", "10", "-b", "3000", "-u", "/"],
}


def connect(address):
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def send_until_closed(address, first, again):
    """As fast as the hub takes it."""
    s = connect(address)
    try:
        s.sendall(first)
        while True:
            s.sendall(again)
    except OSError:
        pass
    s.close()


def endless_header(address):
    head = f"GET / HTTP/1.1\r\nHost: {address}\r\n".encode()
    send_until_closed(address, head + b"X-A: ", b"a" * 65536)


def many_headers(address):
    s = connect(address)
    try:
        s.sendall(f"GET / HTTP/1.1\r\nHost: {address}\r\n".encode() + b"X: y\r\n" * 10000 + b"\r\n")
        s.recv(65536)
    except OSError:
        pass
    s.close()


def pipelined(address, deadline):
    """2,000 requests at a time; who attacks reads the answers, so that nothing slows it down."""
    s = connect(address)
    batch = f"GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n".encode() * 2000

    def read():
        try:
            while s.recv(1 << 20):
                pass
        except OSError:
            pass
    threading.Thread(target=read, daemon=True).start()
    try:
        while time.monotonic() < deadline:
            s.sendall(batch)
    except OSError:
        pass
    s.close()


def open_and_close(address):
    for i in range(200):
        s = connect(address)
        if i % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        s.close()


def flood(name, address, seconds, connections):
    """In a process of its own, so that it does not hold up who measures."""
    deadline = time.monotonic() + seconds
    work = {"endless header": (endless_header, 20), "10,000 headers": (many_headers, 20),
            "pipelining": (lambda a: pipelined(a, deadline), min(connections, 100)),
            "open and close": (open_and_close, 4)}
    attack, threads = work[name]

    def attacker():
        while time.monotonic() < deadline:
            attack(address)
    crowd = [threading.Thread(target=attacker, daemon=True) for _ in range(threads)]
    for t in crowd:
        t.start()
    for t in crowd:
        t.join(seconds + 15)


FLOODS = ["endless header", "10,000 headers", "pipelining", "open and close"]


def start(name, hub, seconds, connections):
    if name in FLOODS:
        return subprocess.Popen([sys.executable, __file__, "--flood", name, hub.address, str(seconds), str(connections)])
    *flags, path = SLOW[name]
    out = tempfile.NamedTemporaryFile(prefix="slowhttptest.")
    child = subprocess.Popen(["slowhttptest", *flags, f"http://{hub.address}{path}", "-c", str(connections), "-r", "200",
                              "-i", "10", "-l", str(seconds), "-p", "3"], stdout=out, stderr=subprocess.STDOUT)
    child.report = out
    return child


def ask(address):
    begin = time.perf_counter()
    with connect(address) as s:
        s.sendall(f"GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := s.recv(65536):
            answer += piece
    if not answer.startswith(b"HTTP/1.1 200"):
        raise OSError(answer[:40])
    return time.perf_counter() - begin


def stand_by(hub, attack):
    """Asks until the attack is over: times in ms, failures, the most memory, the most connections."""
    times, failures, most, crowd = [], 0, 0, 0
    while attack.poll() is None:
        due = time.monotonic() + 0.1
        try:
            times.append(ask(hub.address) * 1000)
        except OSError:
            failures += 1
        most = max(most, hub.rss_kb())
        crowd = max(crowd, descriptors(hub))
        time.sleep(max(0, due - time.monotonic()))
    return sorted(times), failures, most, crowd


def descriptors(hub):
    return len(os.listdir(f"/proc/{hub.process.pid}/fd"))


def descriptors_after(hub, before):
    deadline = time.monotonic() + 60
    while (left := descriptors(hub) - before) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    return max(left, 0)


def fill(hub):
    row = '{"message":"' + "x" * 150 + '"}'
    request = urllib.request.Request(f"http://{hub.address}/api/v1/logs", "\n".join([row] * 5000).encode())
    urllib.request.urlopen(request).read()


def verdict(attack):
    if not hasattr(attack, "report"):
        return ""
    with open(attack.report.name, errors="replace") as f:
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", f.read())
    said = re.findall(r"service available:?\s+(\w+)", text)
    return f"; slowhttptest: available {'always' if said and set(said) == {'YES'} else said}"


def measure(build, name, seconds, connections):
    hub = Hub(build)
    fill(hub)
    before, memory, cpu = descriptors(hub), hub.rss_kb(), hub.cpu_seconds()
    attack = start(name, hub, seconds, connections)
    times, failures, most, crowd = stand_by(hub, attack)
    left = descriptors_after(hub, before)
    n = len(times)
    print(f"{name:16}{n:6}{failures:8}{times[n // 2]:9.2f}{times[n * 99 // 100]:9.2f}{times[-1]:9.2f}"
          f"{(most - memory) / 1024:10.1f}{crowd - before:12}{hub.cpu_seconds() - cpu:9.2f}{left:8}{verdict(attack)}", flush=True)
    hub.close()


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    connections = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    if not shutil.which("slowhttptest"):
        raise SystemExit("slowhttptest is not here: apt-get install slowhttptest")
    print(f"{'':16}{'asked':>6}{'failed':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'MB more':>10}{'at a time':>12}"
          f"{'CPU s':>9}{'left':>8}")
    for name in sys.argv[4:] or [*SLOW, *FLOODS]:
        measure(build, name, seconds, connections)


if sys.argv[1:2] == ["--flood"]:
    flood(sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5]))
else:
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that never read beside clients that do: what the others notice, and whether every line is accounted for.

    bench/stalled.py [BUILD] [SECONDS] [--rate N] [--reading N] [--stalled N]

A child writes `rate` lines a second. First the readers (bench/fanload/) are alone for a tenth of the time, then
the stalled ones are there as well: each is subscribed, then reads nothing. In the end they read all there is, and
what they were shown plus what they were told was dropped has to be what was published, to the line. Memory is the
hub's, without the journal's pages, at its highest; the budget is two client_lag for each stalled client.
"""
import argparse
import json
import re
import selectors
import socket
import subprocess
import threading
import time

from hub import Hub

LAG_KB = 256
DROPPED = re.compile(rb'"type":"dropped".*?"count":(\d+)')


class Stalled:
    """A WebSocket client that reads its handshake, and nothing else until it is told to."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.socket.connect((host, int(port)))
        self.socket.sendall(f"GET /api/v1/logs/stream/ws?source=bench HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        self.bytes = bytearray()
        while b"\r\n\r\n" not in self.bytes:
            self.bytes += self.socket.recv(1)
        del self.bytes[:]
        self.shown = self.dropped = 0

    def read(self):
        """Counts the whole messages that have arrived; False at the end of the connection."""
        piece = self.socket.recv(1 << 20)
        self.bytes += piece
        at, end = 0, len(self.bytes)
        while end - at >= 2:
            n, head = self.bytes[at + 1] & 127, 2
            if n == 126:
                n, head = int.from_bytes(self.bytes[at + 2:at + 4], "big"), 4
            if end - at < head + n:
                break
            self.take(self.bytes[at] & 15, bytes(self.bytes[at + head:at + head + n]))
            at += head + n
        del self.bytes[:at]
        return bool(piece)

    def take(self, opcode, message):
        if opcode != 1:
            return
        found = DROPPED.search(message) if b'"id":' not in message[:8] else None
        if found:
            self.dropped += int(found.group(1))
        elif message.startswith(b'{"id":'):
            self.shown += 1


def read_all(clients, published, patience):
    """Until each has all, or nothing has come for so long."""
    waiting = selectors.DefaultSelector()
    for c in clients:
        c.socket.setblocking(False)
        waiting.register(c.socket, selectors.EVENT_READ, c)
    while waiting.get_map():
        ready = waiting.select(patience)
        if not ready:
            break
        for key, _ in ready:
            c = key.data
            if not c.read() or c.shown + c.dropped >= published:
                waiting.unregister(c.socket)


class Memory(threading.Thread):
    """The hub's own memory, once a second, until it is stopped."""

    def __init__(self, hub):
        super().__init__(daemon=True)
        self.hub, self.peak, self.over = hub, 0, threading.Event()

    def run(self):
        while not self.over.wait(1):
            self.peak = max(self.peak, self.hub.rss_kb())


def load(args, hub, seconds):
    pub = hub.run_command(f"{args.build}/bench/fanpub", "--mode", "stdout", "--url", "-", "--size", "75", "--rate", str(args.rate),
                          "--duration", str(seconds + 60))
    command = [f"{args.build}/bench/fanload", "--mode", "ws", "--url", f"ws://{hub.address}/api/v1/logs/stream/ws?source=bench",
               "-c", str(args.reading), "-d", str(seconds), "-w", "1", "--unescape", "--drain", "5",
               "--pid", str(hub.process.pid), "--on-ready", "exec " + " ".join(pub)]
    r = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    lat = r["lat_us"]
    print(f"  {r['msgs_s'] / 1e6:.2f} M deliveries/s, p50 {lat['p50'] / 1000:.2f} ms, p99 {lat['p99'] / 1000:.2f} ms, "
          f"{r['gaps']} lost", flush=True)
    return lat["p99"]


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("build", nargs="?", default="build")
    args.add_argument("seconds", nargs="?", type=int, default=60)
    args.add_argument("--rate", type=int, default=10000)
    args.add_argument("--reading", type=int, default=100)
    args.add_argument("--stalled", type=int, default=400)
    args = args.parse_args()

    hub = Hub(args.build, "--client-lag", f"{LAG_KB}KiB")
    print(f"{args.reading} readers alone, {args.rate} lines/s, {args.seconds // 10} s:", flush=True)
    alone = load(args, hub, max(args.seconds // 10, 3))
    hub.close()

    hub = Hub(args.build, "--client-lag", f"{LAG_KB}KiB")
    stalled = [Stalled(hub.address) for _ in range(args.stalled)]
    before, memory = hub.rss_kb(), Memory(hub)
    memory.start()
    print(f"beside {args.stalled} that read nothing, {args.seconds} s:", flush=True)
    beside = load(args, hub, args.seconds)
    memory.over.set()
    time.sleep(1)
    published = json.loads(hub.get("/api/v1/logs/count?source=bench"))["count"]
    read_all(stalled, published, 5)
    hub.close()
    wrong = [c for c in stalled if c.shown + c.dropped != published]
    grown, budget = (memory.peak - before) / 1024, 2 * args.stalled * LAG_KB / 1024
    print(f"  p99 {100 * beside / alone - 100:+.0f} %; memory {grown:.0f} MB more at most, the budget is {budget:.0f}; "
          f"{published} published, accounted for by {len(stalled) - len(wrong)} of {len(stalled)} "
          f"(the first was shown {stalled[0].shown} and told of {stalled[0].dropped} dropped)")
    if wrong:
        raise SystemExit(f"one was shown {wrong[0].shown} and told of {wrong[0].dropped}")


main()

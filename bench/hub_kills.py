#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hub killed again and again under load.

    bench/hub_kills.py BUILD_DIR [KILLS]

10 children write 200 lines of 150 bytes a second each, one write a line. The hub is killed with SIGKILL KILLS times (200),
at a random moment 50 to 500 ms after it was up, and started again at once. Counted are: children that died; lines lost or
doubled, by comparing each child's plain file with an export of the store, line by line and in order; and how long after
the new hub listens (its local socket answers) every process is running again with its child.

BUILD_DIR holds logmill, keeper and bench/stamper (target `benches`).
"""
import collections
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

CHILDREN, RATE = 10, 200


def ask(path, what):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(path)
    s.sendall(f"GET {what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while piece := s.recv(1 << 20):
        answer += piece
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


class Round:
    """A hub that is killed; its state and its children stay."""

    def __init__(self, build):
        self.build, self.place = build, tempfile.mkdtemp(prefix="logmill-kills.")
        self.socket = f"{self.place}/hub.sock"
        stamper = os.path.abspath(f"{build}/bench/stamper")
        with open(f"{self.place}/conf.yaml", "w") as f:
            json.dump({"processes": {f"c{i}": {"command": [stamper, "lines", str(RATE), "100000"]}
                                     for i in range(CHILDREN)}}, f)
        self.start()

    def start(self):
        self.console = open(f"{self.place}/console", "a")
        self.hub = subprocess.Popen(
            [f"{self.build}/logmill", "serve", "--config", f"{self.place}/conf.yaml", "--state-dir",
             f"{self.place}/state", "--socket", self.socket, "--listen", "none"], stderr=self.console)

    def state(self):
        try:
            return ask(self.socket, "/api/v1/processes")["processes"]
        except (OSError, ValueError, IndexError):
            return None

    def until(self, condition, what):
        deadline = time.monotonic() + 60
        while not (value := condition()):
            if time.monotonic() > deadline:
                sys.exit(f"waited too long for {what}; see {self.place}")
            time.sleep(0.001)
        return value

    def up(self):
        """All children running; returns their pids and how long that took since the socket answered."""
        self.until(self.state, "the hub")
        begun = time.monotonic()

        def running():
            found = self.state() or []
            return len(found) == CHILDREN and all(p["state"] == "running" and p["pid"] for p in found) and found

        found = self.until(running, "the children")
        return {p["name"]: p["pid"] for p in found}, (time.monotonic() - begun) * 1000

    def kill(self):
        self.hub.send_signal(signal.SIGKILL)
        self.hub.wait()
        self.console.close()

    def stop_children(self):
        for name in self.pids:
            subprocess.run([f"{self.build}/logmill", "stop", name, "--socket", self.socket], check=True,
                           stdout=subprocess.DEVNULL)

    def compare(self):
        """Lines of the plain files, and how many of them the store lacks or has twice; and whether in order."""
        with open(f"{self.place}/export", "wb") as f:
            subprocess.run([f"{self.build}/logmill", "export", "--socket", self.socket, "--format", "ndjson"],
                           check=True, stdout=f)
        stored = collections.defaultdict(list)
        with open(f"{self.place}/export", "rb") as f:
            for line in f:
                record = json.loads(line)
                if record["message"].startswith("stamp "):
                    stored[record["source"]].append(record["message"])
        total = lost = doubled = 0
        for name in self.pids:
            with open(f"{self.place}/state/logs/{name}.log") as f:
                written = f.read().splitlines()
            have = collections.Counter(stored[name])
            total += len(written)
            lost += sum(have[line] == 0 for line in written)
            doubled += sum(n - 1 for n in have.values())
            if lost + doubled == 0 and written != stored[name]:
                sys.exit(f"the lines of {name} are not in order; see {self.place}")
        return total, lost, doubled


def main():
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    r = Round(sys.argv[1])
    r.pids, _ = r.up()
    dead, recoveries = 0, []
    for _ in range(kills):
        time.sleep(random.uniform(0.05, 0.5))
        r.kill()
        r.start()
        pids, ms = r.up()
        dead += sum(pids[name] != pid for name, pid in r.pids.items())
        recoveries.append(ms)
        r.pids = pids
    r.stop_children()
    total, lost, doubled = r.compare()
    r.hub.terminate()
    r.hub.wait()
    recoveries.sort()
    print(f"{kills} kills, {total} lines: {lost} lost, {doubled} doubled, {dead} children died; all running "
          f"again after the hub listens: median {recoveries[kills // 2]:.1f} ms, p99 "
          f"{recoveries[min(kills - 1, kills * 99 // 100)]:.1f} ms, longest {recoveries[-1]:.1f} ms; load "
          f"{os.getloadavg()[0]:.0f}")
    shutil.rmtree(r.place)
    sys.exit(1 if lost or doubled or dead else 0)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main()

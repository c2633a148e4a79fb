#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The keeper against supervisord: one child, one plain file, the same machine, in turns.

    bench/keeper_vs_supervisord.py KEEPER BENCH_DIR [ROUNDS]

BENCH_DIR holds keeper_writer and keeper_sink (cmake target `benches`). The child writes as fast as
it can; the clock runs from its first write until the plain file has every byte. CPU is the time on
a processor of the process that reads the pipe (/proc/PID/schedstat), nothing else. The keeper runs
twice: with a hub that acknowledges everything, and with none at all (its spool fills and turns over).
Printed is the median of ROUNDS.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MODES = [("64 KiB blocks", 65536, 1 << 30), ("150-byte lines", 150, 150 << 20)]


def cpu_ns(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0])


def private_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_"))


def touch(path):
    open(path, "w").close()


def wait_until(condition, what):
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited too long for {what}")
        time.sleep(0.002)


def size_of(path):
    return os.stat(path).st_size if os.path.exists(path) else -1


def start_supervisord(place, log, child):
    conf = os.path.join(place, "supervisord.conf")
    with open(conf, "w") as f:
        f.write(f"""[supervisord]
nodaemon=true
logfile={place}/supervisord.log
pidfile={place}/supervisord.pid
[program:child]
command={" ".join(child)}
startsecs=0
autorestart=false
stdout_logfile={log}
stdout_logfile_maxbytes=0
""")
    return [subprocess.Popen(["supervisord", "-n", "-c", conf], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)]


def start_keeper(place, log, child, keeper, sink):
    started = []
    socket = os.path.join(place, "hub.sock")
    if sink:
        started.append(subprocess.Popen([sink, socket]))
        wait_until(lambda: os.path.exists(socket), "the sink")
    started.append(subprocess.Popen(
        [keeper, "--name", "child", "--run", os.urandom(16).hex(), "--socket", socket, "--log", log,
         "--runs", os.path.join(place, "runs"), "--foreground", "--quiet", "--", *child],
        stderr=subprocess.DEVNULL))
    return started


def measure(who, size, total, keeper, bench):
    place = tempfile.mkdtemp(prefix="keeper_bench.")
    log = os.path.join(place, "child.log")
    child = [os.path.join(bench, "keeper_writer"), place, str(size), str(total)]
    if who == "supervisord":
        started = start_supervisord(place, log, child)
    else:
        sink = os.path.join(bench, "keeper_sink") if who == "keeper + hub" else None
        started = start_keeper(place, log, child, keeper, sink)
    pid = started[-1].pid
    wait_until(lambda: size_of(log) >= 0, "the log file")
    time.sleep(0.5)
    cpu, begin = cpu_ns(pid), time.monotonic()
    touch(os.path.join(place, "go"))
    wait_until(lambda: size_of(log) >= total, "the bytes")
    wall = time.monotonic() - begin
    cpu = cpu_ns(pid) - cpu
    private = private_kb(pid)
    touch(os.path.join(place, "stop"))
    if who == "supervisord":
        time.sleep(0.1)
        started[-1].terminate()
    for process in started:
        process.wait()
    shutil.rmtree(place)
    return total / wall / 1e6, cpu / 1e6 / (total / 1e6), private


def main():
    keeper, bench = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    whos = ["supervisord", "keeper + hub", "keeper alone"]
    print(f"{'':16}{'':14}{'MB/s':>8}{'CPU ms/MB':>11}{'private KiB':>13}")
    for name, size, total in MODES:
        results = {who: [] for who in whos}
        for _ in range(rounds):
            for who in whos:
                results[who].append(measure(who, size, total, keeper, bench))
        base = [statistics.median(column) for column in zip(*results["supervisord"])]
        for who in whos:
            speed, cpu, private = (statistics.median(column) for column in zip(*results[who]))
            print(f"{name:16}{who:14}{speed:8.0f}{cpu:11.3f}{private:13.0f}"
                  f"   {speed / base[0]:.2f}x the speed, {cpu / base[1]:.2f}x the CPU per MB")


if __name__ == "__main__":
    main()

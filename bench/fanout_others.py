#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One stream to many clients, beside what people would otherwise take, in one run.

    bench/fanout_others.py [BUILD] [SECONDS] [--clients N ...]

npm ws and socket.io with winston (bench/fanout_node.mjs), nginx with nchan, nats-server, and the hub. The clients
(bench/fanload/) and the publisher (bench/fanpub.c) are the same for all; each server is kept saturated without
loss by a window of records ahead of the slowest client. CPU is the server's, all its processes, by the kernel's
accounting over the measured window, for each record delivered; the hub parses and stores every record meanwhile,
the others keep none. Bytes are those of a message without its frame header. A server that is not installed
is left out and said so: apt-get install nats-server nginx-light libnginx-mod-nchan.
"""
import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from hub import Hub

HERE = os.path.dirname(os.path.abspath(__file__))
NCHAN = """load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log; user root;
events {{ worker_connections 16384; }}
http {{
    access_log off; client_body_temp_path {dir}/body; keepalive_requests 1000000000;
    nchan_shared_memory_size 256M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /pub {{ nchan_publisher; nchan_channel_id log; nchan_message_buffer_length 8000; }}
        location = /sub {{ nchan_subscriber websocket; nchan_channel_id log; nchan_subscriber_first_message newest; }}
    }}
}}"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens on port {port}")


@contextlib.contextmanager
def started(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def the_hub(build):
    hub = Hub(build, "--client-lag", "16MiB", "--feed-memory", "256MiB")
    pub = hub.run_command(f"{build}/bench/fanpub", "--mode", "stdout", "--url", "-", "--size", "75")
    yield hub.process.pid, "ws", f"ws://{hub.address}/api/v1/logs/stream/ws", ["--unescape"], pub
    hub.close()


@contextlib.contextmanager
def by_node(build, kind):
    with started(["node", f"{HERE}/fanout_node.mjs", kind], stdout=subprocess.PIPE, text=True) as process:
        clients, lines = process.stdout.readline().split()
        pub = [f"{build}/bench/fanpub", "--mode", "lines", "--url", f"tcp://127.0.0.1:{lines}"]
        pub += ["--size", "235" if kind == "ws" else "140"]
        mode, flags = ("ws", []) if kind == "ws" else ("sio", ["--unescape"])
        yield process.pid, mode, f"ws://127.0.0.1:{clients}", flags, pub


@contextlib.contextmanager
def by_nchan(build):
    folder, port = tempfile.mkdtemp(prefix="logmill-bench."), free_port()
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(NCHAN.format(dir=folder, port=port))
    with started(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL) as process:
        wait_for(port)
        pub = [f"{build}/bench/fanpub", "--mode", "http", "--url", f"http://127.0.0.1:{port}/pub", "--size", "235"]
        yield process.pid, "ws", f"ws://127.0.0.1:{port}/sub", [], pub
    shutil.rmtree(folder)


@contextlib.contextmanager
def by_nats(build):
    port, web = free_port(), free_port()
    folder = tempfile.mkdtemp(prefix="logmill-bench.")
    with open(f"{folder}/nats.conf", "w") as f:
        f.write(f"listen: 127.0.0.1:{port}\nwebsocket {{ listen: 127.0.0.1:{web}, no_tls: true }}\n"
                "write_deadline: 60s\n")
    with started(["nats-server", "-c", f"{folder}/nats.conf"], stderr=subprocess.DEVNULL) as process:
        wait_for(web)
        pub = [f"{build}/bench/fanpub", "--mode", "nats", "--url", f"tcp://127.0.0.1:{port}", "--size", "235"]
        yield process.pid, "nats-ws", f"ws://127.0.0.1:{web}/", [], pub
    shutil.rmtree(folder)


# name: program it needs, how it is started, records ahead of the slowest client with 100 and 1,000 clients
SERVERS = {
    "logmill": (None, the_hub, 4000, 2000),
    "npm ws": ("node", lambda build: by_node(build, "ws"), 500, 100),
    "winston + socket.io": ("node", lambda build: by_node(build, "socketio"), 500, 100),
    "nginx + nchan": ("nginx", by_nchan, 500, 100),
    "nats-server, WebSocket": ("nats-server", by_nats, 4000, 1000),
}


def measure(build, start, clients, window, seconds):
    with start(build) as (pid, mode, url, flags, pub), tempfile.NamedTemporaryFile() as progress:
        pub = [*pub, "--rate", "0", "--duration", str(seconds + 60), "--window", str(window), "--progress", progress.name]
        command = [f"{build}/bench/fanload", "--mode", mode, "--url", url, "-c", str(clients), "-d", str(seconds),
                   "-w", "1", *flags, "--progress", progress.name, "--pid", str(pid), "--tree",
                   "--on-ready", "exec " + " ".join(pub)]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("build", nargs="?", default="build")
    args.add_argument("seconds", nargs="?", type=int, default=4)
    args.add_argument("--clients", nargs="+", type=int, default=[100, 1000])
    args = args.parse_args()
    print(f"{'':24}{'clients':>8}{'M/s':>8}{'bytes':>7}{'us CPU each':>13}{'MB resident':>13}{'lost':>7}")
    for name, (program, start, few, many) in SERVERS.items():
        if program and not shutil.which(program):
            print(f"{name:24}{program} is not installed")
            continue
        for clients in args.clients:
            r = measure(args.build, start, clients, few if clients <= 100 else many, args.seconds)
            n = max(r["msgs"], 1)
            print(f"{name:24}{clients:8}{n / r['secs'] / 1e6:8.3f}{r['mb_s'] * 1e6 * r['secs'] / n:7.0f}"
                  f"{r['srv']['us_per_msg']:13.3f}{r['srv']['rss_kb_peak'] / 1024:13.0f}{r['gaps']:7}", flush=True)


main()

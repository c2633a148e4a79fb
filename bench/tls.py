#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What TLS costs: CPU time of the hub per delivered record of a 200-byte frame, plain and over TLS.

  bench/tls.py [CLIENTS [RECORDS]]     needs build/logmill, build/bench/tls_sink (make bench), openssl

Two ways of the same records to the same clients: live, as they are published in batches (clients are
connected before), and replayed from the store. CPU time is the kernel's account of the hub. The cost of
publishing is measured without clients and taken off the live figure.
"""
import json, os, re, subprocess, sys, tempfile, time, urllib.request, ssl

BUILD = os.environ.get("LOGMILL_BUILD", "build")
CLIENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
RECORDS = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
BATCH = 500
UNCHECKED = ssl._create_unverified_context()


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(folder, tls):
    args = [f"{BUILD}/logmill", "serve", "--listen", "127.0.0.1:0", "--state-dir", f"{folder}/s", "--socket", f"{folder}/sock"]
    if tls:
        cert, key = f"{folder}/c", f"{folder}/k"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=bench", "-days", "1", "-keyout", key, "-out", cert], check=True, capture_output=True)
        args += ["--tls-cert", cert, "--tls-key", key]
    hub = subprocess.Popen(args, stderr=subprocess.PIPE, text=True, env={"HOME": folder, "PATH": os.environ["PATH"]})
    while not (said := re.search(r"Open (https?://127.0.0.1:(\d+))", hub.stderr.readline())):
        pass
    return hub, said[1], said[2]


def publish(url, first):
    row = json.dumps({"message": "x" * 60, "job_run_id": "bench"})  # a frame of about 200 bytes
    body = "\n".join([row] * BATCH).encode()
    for _ in range(first, RECORDS, BATCH):
        urllib.request.urlopen(urllib.request.Request(url + "/api/v1/logs", body), context=UNCHECKED).read()


def sink(tls, port, path):
    return subprocess.Popen([os.environ.get("TLS_SINK", f"{BUILD}/bench/tls_sink"), "tls" if tls else "plain", port,
                             str(CLIENTS), str(RECORDS), path], stdout=subprocess.PIPE, text=True)


def measure(tls):
    with tempfile.TemporaryDirectory() as folder:
        hub, url, port = start(folder, tls)
        try:
            before = cpu(hub.pid)
            publish(url, 0)
            alone = cpu(hub.pid) - before
            before = cpu(hub.pid)
            sink(tls, port, "/api/v1/logs/stream/ws?slow=wait&job_run_id=bench&after=1").communicate()
            replay = cpu(hub.pid) - before
            clients = sink(tls, port, "/api/v1/logs/stream/ws?slow=wait&job_run_id=bench")
            while json.load(urllib.request.urlopen(url + "/api/v1/logs/stream/status", context=UNCHECKED))["connections"]["jobs"].get("bench", {}).get("websocket") != CLIENTS:
                time.sleep(0.05)
            before = cpu(hub.pid)
            publish(url, 0)
            clients.communicate()
            live = cpu(hub.pid) - before - alone
        finally:
            hub.terminate()
            hub.wait()
        per = CLIENTS * RECORDS / 1e6
        return {"replay_us": round(replay / per, 3), "live_us": round(live / per, 3)}


for tls in (False, True):
    print("tls" if tls else "plain", json.dumps(measure(tls)), flush=True)

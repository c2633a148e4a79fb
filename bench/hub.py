# SPDX-License-Identifier: MIT
"""A hub in a temporary directory, for the benches."""
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request


class Hub:
    def __init__(self, build, *options, name="hub", patience=10):
        self.build = build
        self.dir = tempfile.mkdtemp(prefix="logmill-bench.")
        self.socket = f"{self.dir}/hub.sock"
        self.console = open(f"{self.dir}/console", "w+")
        self.process = subprocess.Popen(
            [f"{build}/logmill", "serve", "--state-dir", f"{self.dir}/state", "--socket", self.socket,
             "--listen", "127.0.0.1:0", *options], stderr=self.console)
        self.address = self.wait_for_address(patience)

    def wait_for_address(self, patience):
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with open(f"{self.dir}/console") as f:
                found = re.search(r"http://(\S+?)/", f.read())
            if found:
                return found.group(1)
            time.sleep(0.01)
        self.process.terminate()
        raise SystemExit("the hub did not start")

    def run_command(self, *command, name="bench"):
        """`logmill run` as a list, quiet."""
        return [f"{self.build}/logmill", "run", "--quiet", "--socket", self.socket,
                "--state-dir", f"{self.dir}/state", "--name", name, "--", *command]

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}") as answer:
            return answer.read().decode()

    def metric(self, name):
        return int(re.search(rf"^logmill_{name} (\d+)", self.get("/metrics"), re.M).group(1))

    def cpu_seconds(self, task=""):
        """Of all threads, or of the loop's alone, from the kernel's own accounting (10 ms ticks)."""
        thread = f"/task/{self.process.pid}" if task == "loop" else ""
        with open(f"/proc/{self.process.pid}{thread}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_kb(self, key="RssAnon"):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(rf"^{key}:\s+(\d+)", f.read(), re.M).group(1))

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.console.close()
        shutil.rmtree(self.dir)

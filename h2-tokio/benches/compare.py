#!/usr/bin/env python3
"""Measures servers beside each other: CPU time of the server process a request, under h2load.

    python3 h2-tokio/benches/compare.py [--rounds 5] [--requests 200000] [--quick]

Builds bench_server and the peers with the same profile, runs them in turn, several rounds, and
prints medians and ratios. nghttpd is measured where it is installed. Needs h2load.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHES = ROOT / "h2-tokio/benches"
TICK = os.sysconf("SC_CLK_TCK")


def build():
    run = lambda *args: subprocess.run(args, check=True, cwd=ROOT)
    run("cargo", "build", "--release", "-q", "-p", "h2-examples", "--bin", "bench_server")
    run("cargo", "build", "--release", "-q", "--manifest-path", str(BENCHES / "Cargo.toml"))


def target(of):
    return Path(os.environ.get("CARGO_TARGET_DIR", of / "target")) / "release"


def servers(port):
    ours = str(target(ROOT) / "bench_server")
    table = {
        "serve": [ours, str(port)],
        "spawn": [ours, str(port), "1", "--spawn"],
        "hyperium/h2": [str(target(BENCHES) / "hyperium_server"), str(port)],
    }
    if shutil.which("nghttpd"):
        root = Path("/tmp/h2-bench-root")
        root.mkdir(exist_ok=True)
        (root / "index.html").write_bytes(b"Hello, World!")
        table["nghttpd"] = ["nghttpd", "--no-tls", "-n1", "-d", str(root), str(port)]
    return table


def cpu(pid):
    """CPU seconds of a process, exact to the nanosecond where the kernel says so."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def wait_for(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise SystemExit(f"nobody listens on {port}")


def load(port, path, total, connections, streams, more=()):
    command = ["h2load", "-n", str(total), "-c", str(connections), "-m", str(streams), *more,
               f"http://127.0.0.1:{port}{path}"]
    command = ["taskset", "-c", "1", *command]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert f"{total} succeeded" in out, out


SHAPES = {
    "1 x 100": ("/", 200_000, 1, 100, ()),
    "10 x 10": ("/", 200_000, 10, 10, ()),
    "100 x 10": ("/", 200_000, 100, 10, ()),
    "1 x 1": ("/", 20_000, 1, 1, ()),
}


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--quick", action="store_true")
    args = args.parse_args()
    build()
    results = {}
    port = 18080
    for round_ in range(args.rounds):
        for shape, (path, total, connections, streams, more) in SHAPES.items():
            if args.quick and shape not in ("1 x 100", "10 x 10"):
                continue
            for name in servers(port):
                port += 1
                command = ["taskset", "-c", "0", *servers(port)[name]]
                server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    wait_for(port)
                    load(port, path, 2_000, connections, streams, more)
                    before = cpu(server.pid)
                    load(port, path, total, connections, streams, more)
                    spent = (cpu(server.pid) - before) / total * 1e6
                    results.setdefault(shape, {}).setdefault(name, []).append(spent)
                finally:
                    server.send_signal(signal.SIGKILL)
                    server.wait()
    print("CPU microseconds of the server a request, medians (ratio to hyperium/h2)")
    for shape, row in results.items():
        base = statistics.median(row["hyperium/h2"])
        cells = [f"{name} {statistics.median(v):.2f} ({statistics.median(v) / base:.2f})" for name, v in row.items()]
        print(f"{shape:>9}: " + ", ".join(cells))


if __name__ == "__main__":
    main()

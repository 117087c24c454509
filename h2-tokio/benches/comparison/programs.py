"""The programs that are measured: how each is built and started."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BENCHES = ROOT / "h2-tokio/benches"

SERVE = "h2-tokio `serve`"
SPAWN = "h2-tokio `Incoming`, a task a request"
CLIENT = "h2-tokio"
HYPERIUM = "hyperium/h2"
HYPER = "hyper"
NGHTTPD = "nghttpd (C)"
NODE = "Node"
FLOOR = "canned octets, no protocol"

# What nghttpd gives out.
FILES = Path("/tmp/h2-bench-root")
# What is uploaded.
MEBIBYTE = Path("/tmp/h2-bench-mebibyte")


def target(package):
    return Path(os.environ.get("CARGO_TARGET_DIR", package / "target")) / "release"


def build():
    def cargo(*args):
        subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", *args], check=True, cwd=ROOT)

    cargo("-p", "h2-examples", "--bin", "bench_server", "--bin", "bench_client")
    cargo("--manifest-path", str(BENCHES / "Cargo.toml"))


def prepare():
    """The files that programs read."""
    MEBIBYTE.write_bytes(b"x" * (1 << 20))
    (FILES / "mb").mkdir(parents=True, exist_ok=True)
    (FILES / "index.html").write_bytes(b"Hello, World!")
    for count in (8, 64):
        (FILES / "mb" / str(count)).write_bytes(b"x" * (count << 20))


def which(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")


def servers():
    """Name to command line, of a port, a number of threads and of streams that are allowed at once."""
    ours = str(target(ROOT) / "bench_server")
    peer = lambda name: str(target(BENCHES) / name)
    table = {
        SERVE: lambda port, threads, streams: [ours, port, threads, "--streams", streams],
        SPAWN: lambda port, threads, streams: [ours, port, threads, "--streams", streams, "--spawn"],
        HYPERIUM: lambda port, threads, streams: [peer("hyperium_server"), port, threads, streams],
        HYPER: lambda port, threads, streams: [peer("hyper_server"), port, threads, streams],
        FLOOR: lambda port, threads, streams: [peer("floor_server"), port],
    }
    nghttpd, node = which("nghttpd"), which("node")
    if nghttpd:
        table[NGHTTPD] = lambda port, threads, streams: [
            nghttpd, "--no-tls", "-n", threads, "-m", streams, "-w", "20", "-W", "24", "-d", FILES, port]
    if node:
        table[NODE] = lambda port, threads, streams: [node, BENCHES / "peers/server.mjs", port, streams]
    return table


def clients():
    """Name to program; each takes a port, a number of tasks and of requests."""
    return {
        CLIENT: str(target(ROOT) / "bench_client"),
        HYPERIUM: str(target(BENCHES) / "hyperium_client"),
        HYPER: str(target(BENCHES) / "hyper_client"),
    }

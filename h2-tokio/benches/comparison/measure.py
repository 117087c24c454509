"""How things are measured: CPU time and memory of a process, load from the other core."""

import itertools
import os
import re
import resource
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import programs

# Server and load have a core each.
SERVER_CORE, LOAD_CORE = "0", "1"
PORTS = itertools.count(18_080 + os.getpid() % 1_000 * 10)


@dataclass
class Effort:
    """How much is done for a figure."""

    rounds: int
    scale: float

    def of(self, requests, least=1):
        return max(int(requests * self.scale), least)


def raise_limits():
    """Ten thousand connections are as many descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pinned(core, command):
    return ["taskset", "-c", core, *map(str, command)]


class Server:
    """A server process while it is in use."""

    def __init__(self, name, threads=1, streams=1_000, core=SERVER_CORE, under=()):
        self.port = next(PORTS)
        command = programs.servers()[name](self.port, threads, streams)
        self.command = [*under, *pinned(core, command)]

    def __enter__(self):
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, stdout=quiet, stderr=quiet, start_new_session=True)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.command} ended at once")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        raise SystemExit(f"{self.command} does not listen")

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def terminate(self):
        """Ends a server that runs under another program, which then ends by itself."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for child in children.split():
            os.kill(int(child), signal.SIGTERM)
        self.process.wait(timeout=10)

    def cpu(self):
        """CPU seconds so far, of all threads."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def resident(self):
        """KiB of memory that are resident and the process's own."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        fields = re.findall(r"^(?:Private_Clean|Private_Dirty|Shared_Dirty): +(\d+) kB", text, re.M)
        return sum(map(int, fields))

    def load(self, requests, connections, streams, path="/", more=(), core=LOAD_CORE):
        url = f"http://127.0.0.1:{self.port}{path}"
        command = ["h2load", "-n", requests, "-c", connections, "-m", streams, *more, url]
        out = subprocess.run(pinned(core, command), check=True, capture_output=True, text=True).stdout
        assert f"{requests} succeeded" in out, out

    def cpu_of_load(self, requests, connections, streams, warm=None, **more):
        """CPU seconds for one load, after another one that warms it up."""
        self.load(warm or max(requests // 20, connections, 2 * streams), connections, streams, **more)
        before = self.cpu()
        self.load(requests, connections, streams, **more)
        return self.cpu() - before


def cpu_of_command(command):
    """CPU seconds of a process from its start to its end, and what it printed."""
    process = subprocess.Popen(pinned(LOAD_CORE, command), stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command} failed: {said}"
    return usage.ru_utime + usage.ru_stime, said


def printed(program, arguments):
    """(Row, column) to number, of a program that prints such lines with tabs between."""
    command = [programs.target(programs.BENCHES) / program, *map(str, arguments)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.split("\t") for line in out.splitlines()]
    return {(row, column): float(number) for row, column, number in lines}


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


# Preface, SETTINGS, and a GET of `/`.
ASK = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
       + frame(1, 5, 1, b"\x82\x86\x84\x01\x09localhost"))


def greet(port):
    """A connection that has asked once and read the answer to its end."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(ASK)
    octets = b""
    while True:
        octets += connection.recv(65_536)
        while len(octets) >= 9 and len(octets) >= 9 + int.from_bytes(octets[:3], "big"):
            kind, flags = octets[3], octets[4]
            octets = octets[9 + int.from_bytes(octets[:3], "big"):]
            if kind == 4 and not flags & 1:
                connection.sendall(frame(4, 1, 0, b""))
            if kind in (0, 1) and flags & 1:
                return connection

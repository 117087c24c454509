"""What is compared. A section has rows, the programs, and columns, what they are put through."""

import statistics
import tempfile
import time
from dataclasses import dataclass, field
from typing import Callable

from . import measure, programs
from .measure import Server
from .programs import CLIENT, FLOOR, HYPER, HYPERIUM, NGHTTPD, NODE, SERVE, SPAWN


@dataclass
class Section:
    name: str
    title: str
    rows: list
    # Column to a function of row and effort that gives the figure.
    columns: dict
    # The row that the others are divided by; without one, each row by its first column.
    base: str | None = None
    # Rounds at most, for what takes long or never differs.
    rounds: int = 5
    note: str = ""
    # No ratios: the columns are different things.
    plain: bool = False
    ready: Callable = lambda: True


@dataclass
class Result:
    section: Section
    # (row, column) to what was measured, round by round.
    figures: dict = field(default_factory=dict)

    def rows(self):
        return [row for row in self.section.rows if any((row, column) in self.figures
                                                        for column in self.section.columns)]

    def median(self, row, column):
        found = self.figures.get((row, column))
        return statistics.median(found) if found else None

    def ratio(self, row, column):
        """To the base; None where it is the base itself, or there is none."""
        if self.section.plain:
            return None
        base = (self.section.base, column) if self.section.base else (row, next(iter(self.section.columns)))
        mine, other = self.median(row, column), self.median(*base)
        return mine / other if (row, column) != base and mine and other else None


def run(section, effort):
    """All rows of a column follow each other, so that what else happens meets all alike."""
    result = Result(section)
    if not section.ready():
        return result
    measure.raise_limits()
    programs.prepare()
    for _ in range(min(effort.rounds, section.rounds)):
        for column, function in section.columns.items():
            for row in section.rows:
                figure = function(row, effort)
                if figure is not None:
                    result.figures.setdefault((row, column), []).append(figure)
    return result


def select(names):
    known = [section.name for section in ALL]
    for name in names:
        if name not in known:
            raise SystemExit(f"no section {name}; there are: {', '.join(known)}")
    return [section for section in ALL if not names or section.name in names]


def installed(row):
    return row in programs.servers()


def requests(connections, streams, count=200_000, core=measure.SERVER_CORE, threads=1):
    """CPU microseconds of the server a request."""
    def figure(row, effort):
        if not installed(row):
            return None
        # A tenth is enough of what takes ten times as long.
        total = effort.of(count // (10 if row == NODE else 1), least=2 * connections * min(streams, 100))
        with Server(row, threads=threads, streams=max(streams, 1_000), core=core) as server:
            return server.cpu_of_load(total, connections, streams) / total * 1e6
    return figure


def bytes_moved(mebibytes, streams, count, path, more=()):
    """CPU microseconds of the server a mebibyte."""
    def figure(row, effort):
        if not installed(row):
            return None
        total = effort.of(count, least=streams)
        with Server(row) as server:
            spent = server.cpu_of_load(total, 1, streams, warm=streams, path=path, more=more)
            return spent / (total * mebibytes) * 1e6
    return figure


def asked(tasks, count):
    """CPU microseconds of the client a request, against one server that is always the same."""
    def figure(row, effort):
        total = effort.of(count)
        with Server(FLOOR) as server:
            command = [programs.clients()[row], server.port, tasks]
            few, _ = measure.cpu_of_command([*command, total // 20])
            many, _ = measure.cpu_of_command([*command, total + total // 20])
            return (many - few) / total * 1e6
    return figure


def idle(row, effort):
    """KiB that a connection adds to the server, some time after its only request."""
    if not installed(row):
        return None
    count = effort.of(1_000, least=200)
    with Server(row) as server:
        warm = [measure.greet(server.port) for _ in range(20)]
        time.sleep(0.3)
        before = server.resident()
        crowd = [measure.greet(server.port) for _ in range(count)]
        time.sleep(2.5)
        grown = server.resident() - before
        for connection in warm + crowd:
            connection.close()
        return grown / count


def calls(connections, streams):
    """System calls of the server a request, under strace."""
    def figure(row, effort):
        if not installed(row):
            return None
        totals = (effort.of(2_000, least=1_000), effort.of(12_000, least=5_000))
        if streams == 1:
            totals = tuple(total // 5 for total in totals)
        counts = []
        for total in totals:
            with tempfile.NamedTemporaryFile("r") as counted:
                strace = ("strace", "-f", "-c", "-o", counted.name)
                with Server(row, under=strace) as server:
                    server.load(total, connections, streams)
                    server.terminate()
                lines = [line.split() for line in counted.read().splitlines()]
                counts.append(next(int(words[2 if len(words) < 6 else 3]) for words in lines
                                   if words and words[-1] == "total"))
        return (counts[1] - counts[0]) / (totals[1] - totals[0])
    return figure


class Printed:
    """Figures that a program prints by itself, all of them in one run."""

    def __init__(self, program, arguments):
        self.program, self.arguments, self.said = program, arguments, {}

    def columns(self, *names):
        return {name: self.figure(name) for name in names}

    def figure(self, column):
        def figure(row, effort):
            # Each is taken once; a second one of the same kind is of another run.
            if (row, column) not in self.said:
                self.said.update(measure.printed(self.program, self.arguments(effort)))
            return self.said.pop((row, column))
        return figure


IN_MEMORY = Printed("in_memory", lambda effort: [effort.of(100_000)])
OPEN_STREAM = Printed("in_memory", lambda effort: [1_000])
DELAYED = Printed("delayed", lambda effort: [50, effort.of(512, least=256)])

EVERY_SERVER = [SERVE, SPAWN, HYPERIUM, HYPER, NGHTTPD, NODE, FLOOR]
RUST_AND_C = [SERVE, SPAWN, HYPERIUM, HYPER, NGHTTPD]
BOTH_CORES = f"{measure.SERVER_CORE},{measure.LOAD_CORE}"
MEBIBYTE = ("-d", str(programs.MEBIBYTE))

ALL = [
    Section(
        "servers", "CPU microseconds of the server a request: GET, 13 bytes; connections x streams",
        EVERY_SERVER,
        {"1 x 100": requests(1, 100), "10 x 10": requests(10, 10), "100 x 10": requests(100, 10),
         "1 x 1": requests(1, 1, 20_000)},
        base=HYPERIUM),
    Section(
        "clients", "CPU microseconds of the client a request: GET, 13 bytes; tasks on one connection",
        [CLIENT, HYPERIUM, HYPER],
        {"100 tasks": asked(100, 200_000), "1 task": asked(1, 20_000)},
        base=HYPERIUM),
    Section(
        "downloads", "CPU microseconds of the server a mebibyte sent",
        [*RUST_AND_C, NODE],
        {"64 MiB on one stream": bytes_moved(64, 1, 10, "/mb/64"),
         "8 x 8 MiB at once": bytes_moved(8, 8, 80, "/mb/8")},
        base=HYPERIUM),
    Section(
        "uploads", "CPU microseconds of the server a mebibyte received",
        EVERY_SERVER,
        {"8 x 1 MiB at once": bytes_moved(1, 8, 400, "/", MEBIBYTE)},
        base=HYPERIUM),
    Section(
        "calls", "System calls of the server a request, under strace",
        RUST_AND_C,
        {"1 x 100": calls(1, 100), "10 x 10": calls(10, 10), "1 x 1": calls(1, 1)},
        base=HYPERIUM, rounds=1, ready=lambda: bool(programs.which("strace"))),
    Section(
        "idle", "KiB of an idle connection, after its handshake and one request",
        [*RUST_AND_C, NODE],
        {"1,000 connections": idle},
        base=HYPERIUM, rounds=3),
    Section(
        "streams", "CPU microseconds of the server a request, streams at once on one connection",
        [SERVE, SPAWN],
        {f"{count:,}": requests(1, count) for count in (100, 1_000, 10_000)},
        rounds=3, note="In brackets the ratio to the first column."),
    Section(
        "connections", "CPU microseconds of the server a request, connections with 10 streams each",
        [SERVE, HYPERIUM],
        {f"{count:,}": requests(count, 10) for count in (100, 1_000, 10_000)},
        rounds=3, note="In brackets the ratio to the first column."),
    Section(
        "threads", "CPU microseconds of the server a request, 1 connection x 64 streams, worker threads",
        [SERVE, SPAWN, HYPERIUM],
        {f"{count}": requests(1, 64, core=BOTH_CORES, threads=count) for count in (1, 2)},
        note="In brackets the ratio to the first column. The load shares the two cores."),
    Section(
        "memory", "In memory, servers: a request and its response over a transport that is a script",
        [f"server: {row}" for row in (SERVE, "h2-tokio, a task a request", "hyperium/h2, a task a request")],
        IN_MEMORY.columns(*(f"{what}, {count} at once" for what in ("ns", "allocations", "writes")
                            for count in (1, 10, 100))),
        base="server: hyperium/h2, a task a request", rounds=1),
    Section(
        "asking", "In memory, clients: the same",
        ["client: h2-tokio", "client: hyperium/h2"],
        IN_MEMORY.columns(*(f"{what}, {count} at once" for what in ("ns", "allocations", "writes")
                            for count in (1, 10, 100))),
        base="client: hyperium/h2", rounds=1),
    Section(
        "open", "Bytes of an open stream without a body, with what its application holds of it",
        ["server: h2-tokio, a task a request", "server: hyperium/h2, a task a request"],
        OPEN_STREAM.columns("bytes an open stream"),
        base="server: hyperium/h2, a task a request", rounds=1),
    Section(
        "delay", "One stream with 50 ms of delay",
        ["h2-tokio"],
        DELAYED.columns("MiB a second", "of the largest window a round trip",
                        "of the first window a round trip"),
        rounds=3, plain=True),
]

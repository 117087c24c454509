"""The other end of the differential tests: Python's `h2`, told what to do through its stdin.

A message is two lengths of four octets, then JSON, then octets from the wire. It is answered by one
of the same form. `new` begins a connection; every other message brings octets and commands. The
commands of one exchange wait in a line of their own until flow control and the limit on streams let
them go, so the other end never has to know what h2 could take at once.
"""

import collections
import json
import struct
import sys
import zlib

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import hpack

# Bodies are cut out of this, so that they need not travel through the pipe twice.
PATTERN = bytes((n * n // 7 + n) & 0xFF for n in range(65536)) * 3


def text(octets):
    return octets.decode("latin-1") if isinstance(octets, bytes) else octets


def shown(headers):
    """Names, values, and whether each is never to be indexed."""
    return [[text(h[0]), text(h[1]), not getattr(h, "indexable", True)] for h in headers]


def given(fields):
    kinds = {True: hpack.NeverIndexedHeaderTuple, False: hpack.HeaderTuple}
    return [kinds[s](n.encode("latin-1"), v.encode("latin-1")) for n, v, s in fields]


def record():
    return {
        "promise": None, "interims": [], "heads": [], "len": 0, "sum": 1, "trailers": [],
        "ended": False, "reset": None,
    }


class Peer:
    def __init__(self, spec):
        self.client = spec["client"]
        config = h2.config.H2Configuration(
            client_side=self.client,
            header_encoding=None,
            normalize_inbound_headers=spec["normalize"],
        )
        self.conn = h2.connection.H2Connection(config)
        values = {int(k): v for k, v in spec["settings"].items()}
        self.conn.local_settings = h2.settings.Settings(client=self.client, initial_values=values)
        self.conn.decoder.max_header_list_size = 65536
        self.manual = spec["manual"]
        self.lazy = spec["lazy"]
        self.owed = []
        self.records = collections.OrderedDict()
        self.streams = {}
        self.lines = collections.OrderedDict()
        self.dead = set()
        self.fresh = []
        self.pongs = []
        self.acks = 0
        self.unknown = 0
        self.altsvc = 0
        self.terminated = None
        self.conn.initiate_connection()

    def receive(self, octets):
        for event in self.conn.receive_data(octets):
            self.on(event)

    def of(self, stream):
        return self.records.setdefault(stream, record())

    def on(self, e):
        ev = h2.events
        if isinstance(e, ev.RequestReceived):
            self.of(e.stream_id)["heads"].append(shown(e.headers))
            self.fresh.append(e.stream_id)
        elif isinstance(e, ev.ResponseReceived):
            self.of(e.stream_id)["heads"].append(shown(e.headers))
        elif isinstance(e, ev.InformationalResponseReceived):
            self.of(e.stream_id)["interims"].append(shown(e.headers))
        elif isinstance(e, ev.TrailersReceived):
            self.of(e.stream_id)["trailers"].append(shown(e.headers))
        elif isinstance(e, ev.DataReceived):
            r = self.of(e.stream_id)
            r["len"] += len(e.data)
            r["sum"] = zlib.adler32(e.data, r["sum"])
            self.owed.append((e.stream_id, e.flow_controlled_length))
            if not self.lazy:
                self.credit()
        elif isinstance(e, ev.StreamEnded):
            self.of(e.stream_id)["ended"] = True
        elif isinstance(e, ev.StreamReset):
            if not e.remote_reset:
                raise AssertionError(f"h2 refused what came on stream {e.stream_id}: {e}")
            r = self.of(e.stream_id)
            assert r["reset"] is None, "reset twice"
            r["reset"] = int(e.error_code)
            self.dead.add(e.stream_id)
        elif isinstance(e, ev.PushedStreamReceived):
            self.of(e.pushed_stream_id)["promise"] = shown(e.headers)
        elif isinstance(e, ev.PingAckReceived):
            self.pongs.append(text(e.ping_data))
        elif isinstance(e, ev.SettingsAcknowledged):
            self.acks += 1
        elif isinstance(e, ev.UnknownFrameReceived):
            self.unknown += 1
        elif isinstance(e, ev.AlternativeServiceAvailable):
            self.altsvc += 1
        elif isinstance(e, ev.ConnectionTerminated):
            self.terminated = int(e.error_code)

    def credit(self):
        for stream, size in self.owed:
            if not size:
                continue
            if not self.manual:
                self.conn.acknowledge_received_data(size, stream)
                continue
            self.conn.increment_flow_control_window(size)
            found = self.conn.streams.get(stream)
            if found is not None and found.open and not self.of(stream)["ended"]:
                self.conn.increment_flow_control_window(size, stream)
        self.owed = []

    # Commands.

    def do(self, command):
        name, *args = command
        if name == "for":
            key, *rest = args
            if rest[0] == "reset":
                self.reset(key, rest[1])
            else:
                self.lines.setdefault(key, collections.deque()).append(rest)
        elif name == "credit":
            self.credit()
        elif name == "lazy":
            self.lazy = args[0]
            if not self.lazy:
                self.credit()
        elif name == "ping":
            self.conn.ping(args[0].encode("latin-1"))
        elif name == "settings":
            self.conn.update_settings({int(k): v for k, v in args[0].items()})
        elif name == "altsvc":
            self.conn.advertise_alternative_service(b'h3=":443"', origin=b"https://example.org")
        elif name == "prioritize":
            self.conn.prioritize(args[0], weight=7, depends_on=0)
        elif name == "close":
            self.conn.close_connection(args[0])
        else:
            raise AssertionError(f"unknown command {name}")

    def stream_of(self, key):
        """The stream of an exchange; a server is given streams, a client names its own."""
        if isinstance(key, int):
            return key
        return self.streams.get(key)

    def reset(self, key, code):
        for name, *args in self.lines.pop(key, ()):
            if name == "push":
                self.streams[args[0]] = 0
        stream = self.stream_of(key)
        if stream is None:
            self.streams[key] = 0
        elif stream not in self.dead and stream in self.conn.streams:
            if not self.conn.streams[stream].closed:
                self.conn.reset_stream(stream, code)
            self.dead.add(stream)

    def pump(self):
        moved = True
        while moved:
            moved = False
            for key in list(self.lines):
                line = self.lines[key]
                while line and self.act(key, line):
                    moved = True
                if not line:
                    del self.lines[key]

    def act(self, key, line):
        """Carries out the first command of a line; whether it moved."""
        name, *args = line[0]
        stream = self.stream_of(key)
        if name == "open":
            if self.conn.open_outbound_streams >= self.conn.remote_settings.max_concurrent_streams:
                return False
            stream = self.conn.get_next_available_stream_id()
            self.streams[key] = stream
            self.conn.send_headers(stream, given(args[0]), end_stream=args[1])
        elif stream in self.dead:
            # What is left for a stream that is gone, a promise on it included, never was.
            if name == "push":
                self.streams[args[0]] = 0
        elif stream is None or stream == 0:
            if stream == 0:
                line.clear()
                return False
            return False
        elif name == "push" and self.streams.get(args[0]) == 0:
            pass
        elif name == "push":
            promised = self.conn.get_next_available_stream_id()
            self.streams[args[0]] = promised
            self.conn.push_stream(stream, promised, given(args[1]))
        elif name in ("head", "interim"):
            self.conn.send_headers(stream, given(args[0]), end_stream=bool(args[1:] and args[1]))
        elif name == "trailers":
            self.conn.send_headers(stream, given(args[0]), end_stream=True)
        elif name == "body":
            return self.body(stream, line)
        line.popleft()
        return True

    def body(self, stream, line):
        _, offset, length, end, pad = line[0]
        room = min(
            self.conn.local_flow_control_window(stream), self.conn.max_outbound_frame_size
        )
        extra = pad + 1 if pad else 0
        piece = min(length, room - extra)
        if piece <= 0 and length > 0:
            if not extra:
                return False
            line[0][4] = 0
            return True
        if piece <= 0:
            piece, extra, pad = 0, 0, 0
        last = piece == length
        padding = {"pad_length": pad} if pad else {}
        self.conn.send_data(
            stream, PATTERN[offset : offset + piece], end_stream=end and last, **padding
        )
        if last:
            line.popleft()
        else:
            line[0][1] += piece
            line[0][2] -= piece
        return True

    # Answers.

    def look(self):
        conn = self.conn
        streams = {}
        for stream, found in conn.streams.items():
            if found.open:
                streams[stream] = [
                    conn.local_flow_control_window(stream), conn.remote_flow_control_window(stream),
                ]
        settings = lambda s: [
            s.header_table_size, s.initial_window_size, s.max_frame_size, s.max_header_list_size,
        ]
        return {
            "send": conn.outbound_flow_control_window,
            "receive": conn.inbound_flow_control_window,
            "streams": streams,
            "tables": [
                conn.encoder.header_table._current_size, conn.decoder.header_table._current_size,
            ],
            "local": settings(conn.local_settings),
            "remote": settings(conn.remote_settings),
            "records": self.records,
            "pongs": self.pongs,
            "acks": self.acks,
            "unknown": self.unknown,
            "altsvc": self.altsvc,
            "terminated": self.terminated,
        }


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    peer = None
    while True:
        head = source.read(8)
        if len(head) < 8:
            return
        words, octets = struct.unpack(">II", head)
        message = json.loads(source.read(words))
        wire = source.read(octets)
        answer = {}
        try:
            if "new" in message:
                peer = Peer(message["new"])
            if wire:
                peer.receive(wire)
            for command in message.get("do", ()):
                peer.do(command)
            peer.pump()
            answer["fresh"], peer.fresh = peer.fresh, []
            answer["streams"] = peer.streams
            answer["acks"] = peer.acks
            answer["busy"] = bool(peer.lines)
            if message.get("look"):
                answer["look"] = peer.look()
        except (h2.exceptions.H2Error, AssertionError, ValueError, KeyError, TypeError) as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        out = peer.conn.data_to_send()
        words = json.dumps(answer).encode()
        sink.write(struct.pack(">II", len(words), len(out)) + words + out)
        sink.flush()


main()

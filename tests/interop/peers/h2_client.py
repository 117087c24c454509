"""A blocking client on Python's h2 against `hello_server`: `h2_client.py PORT CASE`.

It is h2 and a socket, so it can do what no finished client does: write a byte at a time, keep
windows shut, never read. Raises when the case fails.
"""

import os
import random
import socket
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

AUTHORITY = "localhost"


def pattern(length: int) -> bytes:
    block = bytes(range(251))
    return (block * (length // 251 + 1))[:length]


class Client:
    """One connection; bodies are collected and acknowledged unless their stream is in `shut`."""

    def __init__(self, port: int, pieces=None, window=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pieces = pieces
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.h2.increment_flow_control_window(1 << 30)
        self.bodies, self.heads, self.interim, self.trailers = {}, {}, {}, {}
        self.ended, self.resets, self.shut = set(), {}, set()
        self.goaway = None
        self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if self.pieces is None:
            self.socket.sendall(data)
            return
        while data:
            size = self.pieces()
            self.socket.sendall(data[:size])
            data = data[size:]

    def request(self, path, method="GET", fields=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "http"), (":authority", AUTHORITY), (":path", path)]
        self.h2.send_headers(stream, head + list(fields), end_stream=end)
        self.flush()
        return stream

    def turn(self):
        """Reads once and takes what it means. False at the end of the connection."""
        data = self.socket.recv(65536)
        for event in self.h2.receive_data(data) if data else ():
            self.take(event)
        self.flush()
        return bool(data)

    def take(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            self.heads[event.stream_id] = dict(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            self.interim[event.stream_id] = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            self.trailers[event.stream_id] = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.bodies.setdefault(event.stream_id, bytearray()).extend(event.data)
            if event.stream_id not in self.shut and not event.stream_ended:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended.add(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = event.error_code
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code

    def until(self, done):
        while not done():
            assert self.turn(), f"connection ended, GOAWAY {self.goaway}"

    def finish(self, stream):
        self.until(lambda: stream in self.ended or stream in self.resets)
        return bytes(self.bodies.get(stream, b""))

    def send(self, stream, body, end=True):
        """Sends a body as the windows allow it, reading in between."""
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                assert stream not in self.resets, f"stream {stream} was reset"
                assert self.turn()
                continue
            self.h2.send_data(stream, body[:room], end_stream=end and room >= len(body))
            body = body[room:]
            self.flush()

    def fill(self, stream):
        """Sends as much as the stream's window takes at once, and does not end the stream."""
        room = self.h2.local_flow_control_window(stream)
        while room > 0:
            size = min(room, self.h2.max_outbound_frame_size)
            self.h2.send_data(stream, bytes(size))
            room -= size
        self.flush()

    def settle(self):
        """Waits until the server has read everything that was sent so far."""
        token = os.urandom(8)
        acknowledged = []
        take = self.take

        def look(event):
            if isinstance(event, h2.events.PingAckReceived) and event.ping_data == token:
                acknowledged.append(True)
            take(event)

        self.take = look
        self.h2.ping(token)
        self.flush()
        self.until(lambda: acknowledged)
        self.take = take


def matrix(client):
    """Everything a client does, whatever the sizes in which its bytes reach the server."""
    stream = client.request("/")
    assert client.finish(stream)
    assert client.heads[stream][":status"] == "200"
    stream = client.request("/bytes/1000", method="HEAD")
    assert client.finish(stream) == b""
    assert client.heads[stream]["content-length"] == "1000"
    for size in (0, 1, 65_535, 65_536):
        body = os.urandom(size)
        stream = client.request("/echo", method="POST", end=not body)
        client.send(stream, body)
        assert client.finish(stream) == body, size
    stream = client.request("/echo", method="POST", end=False)
    client.send(stream, b"x", end=False)
    client.h2.send_headers(stream, [("x-sum", "7")], end_stream=True)
    client.flush()
    assert client.finish(stream) == b"x"
    assert client.trailers[stream]["x-sum"] == "7"
    streams = [client.request(f"/bytes/{i * 100}") for i in range(100)]
    for i, stream in enumerate(streams):
        assert client.finish(stream) == pattern(i * 100), i
    fields = [(f"x-fill-{i}", "v" * 4000) for i in range(15)]
    stream = client.request("/", fields=fields)
    client.finish(stream)
    assert client.heads[stream][":status"] == "200"
    stream = client.request("/headers/61440")
    client.finish(stream)
    assert sum(len(n) + len(v) for n, v in client.heads[stream].items()) >= 61440
    stream = client.request("/hints")
    client.finish(stream)
    assert client.interim[stream][":status"] == "103"
    stream = client.request("/reset/8")
    client.finish(stream)
    assert client.resets[stream] == 8
    stream = client.request("/bytes/1000000000")
    client.until(lambda: stream in client.bodies)
    client.h2.reset_stream(stream, error_code=8)
    client.flush()
    assert client.finish(client.request("/"))


def whole(port):
    client = Client(port)
    matrix(client)
    body = os.urandom(10 << 20)
    stream = client.request("/echo", method="POST", end=False)
    client.send(stream, body)
    assert client.finish(stream) == body


def trickle(port):
    """Every write has 1 to 7 bytes: nothing that either side sees changes."""
    numbers = random.Random(9113)
    client = Client(port, pieces=lambda: numbers.randint(1, 7))
    matrix(client)


def unread(port):
    """127 bodies that nobody reads fill their windows; the 128th stream still echoes 1 MiB."""
    client = Client(port)
    client.settle()
    assert client.h2.remote_settings.max_concurrent_streams == 128
    for _ in range(127):
        client.fill(client.request("/unread", method="POST", end=False))
    client.settle()
    body = os.urandom(1 << 20)
    stream = client.request("/echo", method="POST", end=False)
    client.send(stream, body)
    assert client.finish(stream) == body


def shut(port):
    """127 responses without end wait for windows that stay shut; the 128th downloads 1 MiB."""
    client = Client(port, window=0)
    client.settle()
    for _ in range(127):
        client.request("/bytes/1000000000000")
    client.settle()
    stream = client.request("/bytes/1048576")
    client.h2.increment_flow_control_window(2 << 20, stream)
    client.flush()
    assert client.finish(stream) == pattern(1 << 20)


CASES = {case.__name__: case for case in (whole, trickle, unread, shut)}
CASES[sys.argv[2]](int(sys.argv[1]))
print("ok")

"""Python's grpcio against the service `peers.Echo`: `grpcio_client.py PORT`.

Raises when a case fails. Keeps the connection until its standard input ends.
"""

import os
import queue
import sys
import threading

import grpc

LARGE = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]


def status_of(call) -> tuple[grpc.StatusCode, str]:
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("a call that should fail has an answer")


def unary(channel: grpc.Channel) -> None:
    echo = channel.unary_unary("/peers.Echo/Unary")
    for size in (0, 1, 16_384, 65_536, 4 << 20):
        said = os.urandom(size)
        assert echo(said, timeout=60) == said, size
    metadata = (("x-text", "said"), ("x-octets-bin", bytes([0, 1, 254, 255, 10])))
    answer, call = echo.with_call(b"", metadata=metadata, timeout=60)
    assert answer == b"" and set(metadata) <= set(call.initial_metadata()), call.initial_metadata()
    calls = [echo.future(str(number).encode() * 100, timeout=60) for number in range(100)]
    for number, call in enumerate(calls):
        assert call.result() == str(number).encode() * 100, number


def failures(channel: grpc.Channel) -> None:
    fail = channel.unary_unary("/peers.Echo/Fail")
    said = status_of(lambda: fail(b"", timeout=60))
    assert said == (grpc.StatusCode.FAILED_PRECONDITION, "as it was asked to: 100 %"), said
    nothing = channel.unary_unary("/peers.Echo/Nothing")
    code, _ = status_of(lambda: nothing(b"", timeout=60))
    assert code == grpc.StatusCode.UNIMPLEMENTED, code
    messages = channel.unary_stream("/peers.Echo/Break")(b"said", timeout=60)
    assert [next(messages), next(messages)] == [b"said", b"said"]
    code, _ = status_of(lambda: next(messages))
    assert code == grpc.StatusCode.DATA_LOSS, code


def streams(channel: grpc.Channel) -> None:
    said = os.urandom(1000)
    assert list(channel.unary_stream("/peers.Echo/Split")(said, timeout=60)) == [said] * 1000
    pieces = [os.urandom(size) for size in range(1000)]
    join = channel.stream_unary("/peers.Echo/Join")
    assert join(iter(pieces), timeout=60) == b"".join(pieces)
    # Each message is said only when the one before has been answered.
    say: queue.Queue = queue.Queue()
    answers = channel.stream_stream("/peers.Echo/Chat")(iter(say.get, None), timeout=60)
    for turn in range(200):
        message = str(turn).encode() * 100
        say.put(message)
        assert next(answers) == message, turn
    say.put(None)
    assert list(answers) == []


def endings(channel: grpc.Channel) -> None:
    silent = channel.unary_unary("/peers.Echo/Silent")
    code, _ = status_of(lambda: silent(b"", timeout=1))
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED, code
    call = silent.future(b"", timeout=60)
    # It has begun when a later call has been answered.
    channel.unary_unary("/peers.Echo/Unary")(b"", timeout=60)
    assert call.cancel()
    over = threading.Event()
    call.add_done_callback(lambda _: over.set())
    assert over.wait(60) and call.cancelled()
    answers = channel.unary_stream("/peers.Echo/Split")(os.urandom(100_000), timeout=60)
    next(answers)
    answers.cancel()
    assert channel.unary_unary("/peers.Echo/Unary")(b"said", timeout=60) == b"said"


with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", options=LARGE) as channel:
    for case in (unary, failures, streams, endings):
        case(channel)
        print("ok", case.__name__)
    # The server has time to see its handlers end before the connection does.
    sys.stdin.read()

"""The service `peers.Echo` by Python's grpcio, with messages that are octets.

Says `listening on PORT`, then `begun` and `ended` of each call that is never answered.
"""

import threading
from concurrent import futures

import grpc


def unary(message, context):
    wanted = ("x-text", "x-octets-bin")
    context.send_initial_metadata([pair for pair in context.invocation_metadata() if pair[0] in wanted])
    return message


def fail(_, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as it was asked to: 100 %")


def split(message, _):
    for _ in range(1000):
        yield message


def break_off(message, context):
    yield message
    yield message
    context.abort(grpc.StatusCode.DATA_LOSS, "half way")


def join(messages, _):
    return b"".join(messages)


def chat(messages, _):
    yield from messages


def silent(_, context):
    print("begun", flush=True)
    over = threading.Event()
    # Which says no if the call was given up before.
    if context.add_callback(over.set):
        over.wait()
    print("ended", flush=True)
    return b""


handlers = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Split": grpc.unary_stream_rpc_method_handler(split),
    "Break": grpc.unary_stream_rpc_method_handler(break_off),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
    "Silent": grpc.unary_unary_rpc_method_handler(silent),
}
LARGE = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]
server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=LARGE)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("peers.Echo", handlers),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print("listening on", port, flush=True)
server.wait_for_termination()

"""Python's httpx against `hello_server`: `httpx_client.py URL`. Raises when a case fails."""

import asyncio
import os
import sys

import httpx


def pattern(length: int) -> bytes:
    block = bytes(range(251))
    return (block * (length // 251 + 1))[:length]


def one_by_one(url: str) -> None:
    with httpx.Client(http1=False, http2=True, verify=False, base_url=url, timeout=30) as client:
        answer = client.get("/")
        assert answer.status_code == 200 and answer.http_version == "HTTP/2", answer
        assert answer.text
        assert client.get("/nowhere").status_code == 404
        head = client.head("/bytes/1000")
        assert head.headers["content-length"] == "1000" and not head.content
        assert client.get("/bytes/100000").content == pattern(100_000)
        for size in (0, 1, 65_535, 65_536, 10 << 20):
            sent = os.urandom(size)
            assert client.post("/echo", content=sent).content == sent, size
        many = {f"x-fill-{i}": "v" * 4000 for i in range(15)}
        assert client.get("/", headers=many).status_code == 200
        fields = client.get("/headers/61440").headers
        assert sum(len(name) + len(value) for name, value in fields.items()) >= 61440
        assert client.get("/trailers").status_code == 200
        assert client.get("/hints").status_code == 200
        try:
            client.get("/reset/8")
            raise AssertionError("a reset stream gave a response")
        except httpx.RemoteProtocolError:
            pass
        with client.stream("GET", "/bytes/1000000000") as stream:
            next(stream.iter_raw())
        assert client.get("/").status_code == 200


async def at_once(url: str) -> None:
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(
        http1=False, http2=True, verify=False, base_url=url, timeout=60, limits=limits
    ) as client:
        answers = await asyncio.gather(*(client.get(f"/bytes/{i * 1000}") for i in range(100)))
        for i, answer in enumerate(answers):
            assert answer.content == pattern(i * 1000), i


one_by_one(sys.argv[1])
asyncio.run(at_once(sys.argv[1]))
print("ok")

"""Below the application: heads that do not end, or come a byte at a time, are refused in our own words."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from intercanal.infra.http.protocol import LONGEST_HEAD, BoundedHttp


class Impatient(BoundedHttp):
    slowest_head_s = 0.3
    slowest_body_s = 1.0


async def answer_ok(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "heard"})
        return
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.disconnect":
        return
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = uvicorn.Server(
        uvicorn.Config(
            answer_ok, host="127.0.0.1", port=0, http=Impatient, lifespan="off", ws="websockets-sansio", log_config=None
        )
    )
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - a test may look again and again; the product may not
            await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces and return all that comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            heard = await reader.read()
    writer.close()
    return heard


def problem(heard: bytes) -> tuple[int, str]:
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    told = json.loads(body)
    assert head.split()[1] == str(told["status"]).encode()
    return told["status"], told["code"]


async def test_what_is_no_http_is_told_so_as_a_problem(port: int) -> None:
    assert problem(await said(port, b"\x16\x03\x01 hello\r\n\r\n")) == (400, "request.malformed")


async def test_a_head_without_end_is_refused_before_it_fills_the_memory(port: int) -> None:
    piece = b"x-filler: " + b"a" * 8000 + b"\r\n"
    heard = await said(port, b"GET / HTTP/1.1\r\nhost: x\r\n", *[piece] * (LONGEST_HEAD // len(piece) + 2), pause=0.005)
    assert problem(heard) == (431, "request.head_too_large")


async def test_a_head_that_only_trickles_is_refused(port: int) -> None:
    assert problem(await said(port, b"GET / HT", b"TP/1.1\r\n", pause=0.01)) == (408, "request.too_slow")


async def test_a_second_request_is_waited_for_no_longer_than_the_first(port: int) -> None:
    heard = await said(port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"GET / HTTP", pause=0.1)
    first, _, second = heard.partition(b"\r\n\r\n")
    assert b"204" in first
    assert problem(second) == (408, "request.too_slow")


async def test_who_says_nothing_is_told_nothing(port: int) -> None:
    assert await said(port) == b""


async def test_a_long_body_is_no_head(port: int) -> None:
    size = 4 * LONGEST_HEAD
    start = f"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n".encode()
    heard = await said(port, start, *[b"b" * (size // 8)] * 8, pause=0.06)
    assert heard.startswith(b"HTTP/1.1 204")


async def test_a_body_that_only_trickles_is_refused(port: int) -> None:
    start = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"
    assert problem(await said(port, start, b"a", b"b", pause=0.1)) == (408, "request.too_slow")


async def test_a_body_without_a_word_is_refused_too(port: int) -> None:
    start = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"
    assert problem(await said(port, start)) == (408, "request.too_slow")


async def test_a_socket_may_be_silent_for_longer_than_a_request(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/") as socket:
        await asyncio.sleep(1.5)
        await socket.send("hello")
        assert await socket.recv() == "heard"

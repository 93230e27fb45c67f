"""A small HTTP/1.1 client on asyncio: kept-alive connections, answers with a length; cheap enough for many robots."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final, cast

import msgspec

ANSWER_WITHIN_S: Final = 30.0
IDLE_FOR_S: Final = 3.0  # shorter than the server keeps an idle connection, so that none is used as it closes
_END_OF_HEAD: Final = b"\r\n\r\n"


class LostError(ConnectionError):
    """The connection went before the answer was complete: whether it was done is not known."""


class Answer(msgspec.Struct, frozen=True):
    """What the server said; header names are in lower case, `sent` is when the request left (`perf_counter_ns`)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: int

    @property
    def is_good(self) -> bool:
        """Say whether it was done."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """Return the stable code of a refusal."""
        try:
            return msgspec.json.decode(self.body, type=_Problem).code
        except msgspec.MsgspecError:
            return str(self.status)


class _Problem(msgspec.Struct):
    code: str


class _Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._received = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None
        self._length = 0
        self._sent = 0
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail()

    @property
    def is_usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        if self._transport is None:
            raise LostError
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        self._deadline = loop.call_later(ANSWER_WITHIN_S, self.close)
        self._sent = time.perf_counter_ns()
        self._transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._head is None:
            end = self._received.find(_END_OF_HEAD)
            if end < 0:
                return
            self._head = _read_head(bytes(self._received[:end]))
            status, headers = self._head
            if "content-length" not in headers and status not in {204, 304}:
                self.close()
                return
            self._length = int(headers.get("content-length", 0))
            del self._received[: end + len(_END_OF_HEAD)]
        if len(self._received) >= self._length:
            self._answered()

    def _answered(self) -> None:
        assert self._head is not None
        status, headers = self._head
        answer = Answer(status, headers, bytes(self._received[: self._length]), self._sent)
        self._received.clear()
        self._head = None
        waiting = self._take()
        if headers.get("connection", "") == "close":
            self.close()
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _fail(self) -> None:
        waiting = self._take()
        if waiting is not None and not waiting.done():
            waiting.set_exception(LostError())

    def _take(self) -> "asyncio.Future[Answer] | None":
        if self._deadline is not None:
            self._deadline.cancel()
        waiting, self._waiting, self._deadline = self._waiting, None, None
        return waiting


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return int(first.split(" ", 2)[1]), {name.lower(): value.strip() for name, value in pairs}


class Http:
    """A bounded pool of connections to one server."""

    def __init__(self, host: str, port: int, connections: int = 256) -> None:
        self.host = host
        self.port = port
        self._idle: list[_Line] = []
        self._room = asyncio.Semaphore(connections)
        self._names = f"host: {host}:{port}\r\n"

    async def call(self, method: str, path: str, headers: str = "", body: bytes = b"") -> Answer:
        """Ask once; `headers` are complete lines. Raises `LostError` when no answer came."""
        length = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body or method != "GET" else ""
        request = f"{method} {path} HTTP/1.1\r\n{self._names}{headers}{length}\r\n".encode() + body
        async with self._room:
            line = await self._line()
            try:
                answer = await line.ask(request)
            except asyncio.CancelledError:
                line.close()
                raise
            if line.is_usable:
                line.idle_since = time.monotonic()
                self._idle.append(line)
            return answer

    async def _line(self) -> _Line:
        youngest = time.monotonic() - IDLE_FOR_S
        while self._idle:
            line = self._idle.pop()
            if line.is_usable and line.idle_since >= youngest:
                return line
            line.close()
        try:
            _, made = await asyncio.get_running_loop().create_connection(_Line, self.host, self.port)
        except OSError as error:
            raise LostError from error
        return made

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

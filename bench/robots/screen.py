"""A WebSocket client with no more than a screen needs: text frames in, an answer to pings, the code of the end."""

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import Final, cast

from bench.robots.http import LostError

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_GONE: Final = 1006  # RFC 6455: closed without a word
OPEN_WITHIN_S: Final = 30.0


class Screen(asyncio.Protocol):
    """One socket; `heard` gets each text as it arrives, `closed` gives the code once it is over."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._heard = heard
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._is_open = False
        self._code = _GONE
        self.closed: asyncio.Future[int] = loop.create_future()

    @classmethod
    async def open(cls, host: str, port: int, path: str, token: str, heard: Callable[[bytes], None]) -> "Screen":
        """Open a socket as the bearer of a token; raises `LostError` when the server does not let it."""
        loop = asyncio.get_running_loop()
        try:
            _, screen = await loop.create_connection(lambda: cls(heard), host, port)
        except OSError as error:
            raise LostError from error
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {path} HTTP/1.1", f"host: {host}:{port}", "connection: Upgrade", "upgrade: websocket",
            "sec-websocket-version: 13", f"sec-websocket-key: {key}", f"authorization: Bearer {token}", "", "",
        )  # fmt: skip
        screen._write("\r\n".join(lines).encode())
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                await screen._opened
        except TimeoutError as error:
            screen.vanish()
            raise LostError from error
        return screen

    def vanish(self) -> None:
        """Be cut off without a word."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Say goodbye."""
        self._frame(_CLOSE, struct.pack("!H", 1000))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._transport = None
        if not self._opened.done():
            self._opened.set_exception(LostError())
        if not self.closed.done():
            self.closed.set_result(self._code)

    def data_received(self, data: bytes) -> None:
        """Take what arrived apart."""
        self._received += data
        if not self._is_open and not self._read_answer():
            return
        while (frame := self._next_frame()) is not None:
            opcode, payload = frame
            if opcode == _TEXT:
                self._heard(payload)
            elif opcode == _PING:
                self._frame(_PONG, payload)
            elif opcode == _CLOSE:
                self._code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                self.close()
                if self._transport is not None:
                    self._transport.close()

    def _read_answer(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self._received.startswith(b"HTTP/1.1 101"):
            self.vanish()
            return False
        del self._received[: end + 4]
        self._is_open = True
        self._opened.set_result(None)
        return True

    def _next_frame(self) -> tuple[int, bytes] | None:
        received = self._received
        if len(received) < 2:
            return None
        length, start = received[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(received[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(received[2:10], "big"), 10
        if len(received) < start or len(received) < start + length:
            return None
        frame = received[0] & 0x0F, bytes(received[start : start + length])
        del received[: start + length]
        return frame

    def _frame(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._write(bytes((0x80 | opcode, 0x80 | len(payload))) + mask + masked)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

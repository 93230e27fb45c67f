"""The wire of HTTP with bounds of its own: the server's parser takes heads of any size, and waits as long as asked."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from intercanal.infra.http.problems import PROBLEM_TYPE, problem_of

LONGEST_HEAD: Final = 64 * 1024
SLOWEST_HEAD_S: Final = 20.0
SLOWEST_BODY_S: Final = 60.0


class BoundedHttp(HttpToolsProtocol):
    """Uvicorn's protocol, which lets go of whoever sends an endless head, or one byte of a request now and then."""

    slowest_head_s = SLOWEST_HEAD_S
    slowest_body_s = SLOWEST_BODY_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._in_body = False
        self._is_silent = True
        self._heard = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._settle()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head, and refuse one that does not end."""
        was_in_head, self._is_silent = self._in_head, False
        super().data_received(data)
        if not (self._in_head or self._in_body) or self.transport.is_closing():
            return
        self._wait()
        if was_in_head and self._in_head:
            self._heard += len(data)
            if self._heard > LONGEST_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head, self._heard = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End a head: what follows is a body, whose size is the application's to bound."""
        self._settle()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._settle()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST)

    def _wait(self) -> None:
        if self._deadline is None:
            patience = self.slowest_body_s if self._in_body else self.slowest_head_s
            self._deadline = asyncio.get_running_loop().call_later(patience, self._too_slow)

    def _settle(self) -> None:
        self._in_head = self._in_body = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _is_answering(self) -> bool:
        cycle = self.cycle
        if cycle is None or cycle.response_complete:  # type: ignore[redundant-expr]  # None before the first request
            return False
        return cycle.response_started or bool(self.pipeline) or not self._in_body

    def _refuse(self, status: HTTPStatus) -> None:
        # In the middle of another answer, or to somebody who said nothing, there is nothing to say.
        if not (self._is_silent or self._is_answering()):
            body = msgspec.json.encode(problem_of(HTTPException(status_code=status)))
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {PROBLEM_TYPE}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode("ascii") + body)
        self.transport.close()

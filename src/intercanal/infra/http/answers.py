"""How a handler's value leaves: most are a struct in JSON, and take the short way."""

from typing import Any

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

_JSON = (b"content-type", b"application/json")
_NO_CONTENT = 204

_encode = msgspec.json.Encoder().encode


class _Plain(ASGIResponse):
    """A JSON body and nothing else: no cookies, no headers of its own, nothing to do afterwards."""

    __slots__ = ("_body", "_status")

    def __init__(self, status: int, body: bytes) -> None:
        self._status = status
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [_JSON, (b"content-length", str(len(self._body)).encode())]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


class Answer(Response[Any]):
    """The response of every handler that returns a value; a struct is encoded at once, anything else as usual."""

    def to_asgi_response(self, *args: Any, **options: Any) -> ASGIResponse:
        """Take the short way when nothing but a struct has to be sent."""
        is_plain = isinstance(self.content, msgspec.Struct) and self.media_type == "application/json"
        extra = self.headers or self.cookies or self.background or options.get("headers") or options.get("cookies")
        if not is_plain or extra or self.status_code in {None, _NO_CONTENT}:
            return super().to_asgi_response(*args, **options)
        return _Plain(self.status_code or 200, _encode(self.content))

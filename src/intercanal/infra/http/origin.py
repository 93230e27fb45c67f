"""Which pages may act through a browser that sends its session cookie by itself."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from intercanal.kernel.errors import ForbiddenError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Origins:
    """The page origins that are ours: those configured, or else the host the request itself was sent to."""

    def __init__(self, public_urls: Iterable[str] = ()) -> None:
        self._ours = frozenset(name for url in public_urls for name in _names_of(url))

    def is_ours(self, origin: str, host: str | None) -> bool:
        """Say whether an Origin header names one of our own pages."""
        try:
            named = _origin(origin)
        except ValueError:
            return False
        if self._ours:
            return named in self._ours
        return host is not None and named.partition("://")[2] == host.lower()

    def check_socket(self, origin: str | None, host: str | None, *, by_cookie: bool) -> None:
        """Refuse a WebSocket opened by a foreign page, before it is accepted; robots send no Origin, nor a cookie."""
        if origin is None and not by_cookie:
            return
        if origin is None or not self.is_ours(origin, host):
            raise ForbiddenError("request.foreign_origin")

    def check_change(self, origin: str | None, host: str | None, fetch_site: str | None, *, by_cookie: bool) -> None:
        """Refuse a change asked by a foreign page; with a cookie, one of the browser's own headers must prove ours."""
        if origin is not None and not self.is_ours(origin, host):
            raise ForbiddenError("request.foreign_origin")
        if fetch_site is not None and fetch_site != "same-origin" and (by_cookie or fetch_site == "cross-site"):
            raise ForbiddenError("request.foreign_origin")
        if by_cookie and origin is None and fetch_site is None:
            raise ForbiddenError("request.origin_missing")


def _names_of(url: str) -> Iterator[str]:
    """Give the origin of a URL; this very machine is known by three names, and people type any of them."""
    yield _origin(url)
    parts = urlsplit(url)
    if parts.hostname in _LOOPBACK:
        port = "" if parts.port is None else f":{parts.port}"
        yield from (f"{parts.scheme}://{name}{port}" for name in ("localhost", "127.0.0.1", "[::1]"))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()

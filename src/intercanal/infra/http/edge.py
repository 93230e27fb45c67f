"""The outermost layer: bounds what is in flight, counts and times requests, and sets the headers of every answer."""

import functools
import time
from collections.abc import Mapping

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from intercanal.infra.http.limits import Limits
from intercanal.infra.http.problems import PROBLEM_TYPE, Problem, problem_of
from intercanal.kernel.errors import TooManyError

_ROUGH = 4
_BOUNDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

SECURE_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "permissions-policy": "idle-detection=(), camera=(), geolocation=(), payment=(), usb=()",
}


class HttpMetrics:
    """What is counted of HTTP; routes by template and never by path, so that no id becomes a label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("method", "route", "status")
        self.seconds = Histogram(
            "intercanal_http_request_seconds", "Time to answer", names, buckets=_BOUNDS, registry=registry
        )
        self.refused = Counter("intercanal_http_overload_total", "Requests refused for want of room", registry=registry)
        self._in_flight = Gauge(
            "intercanal_http_in_flight", "Requests being answered", registry=registry, multiprocess_mode="livesum"
        )
        self._shown = 0
        self._known: dict[tuple[str, str, str], Histogram] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer; the child of its labels is looked up once."""
        labels = (method, route, str(status))
        if (child := self._known.get(labels)) is None:
            child = self._known[labels] = self.seconds.labels(*labels)
        child.observe(seconds)

    def show_in_flight(self, count: int) -> None:
        """Tell how much is being answered, to within a quarter or four: each change costs a write to a shared file."""
        if abs(count - self._shown) > max(_ROUGH, self._shown // 4) or (not count and self._shown):
            self._shown = count
            self._in_flight.set(count)


@functools.cache
def metrics_of(registry: CollectorRegistry) -> HttpMetrics:
    """Return the figures of a registry, made once: they belong to the process and outlive an application in it."""
    return HttpMetrics(registry)


class Edge:
    """An ASGI application around ours."""

    def __init__(self, app: ASGIApp, limits: Limits, metrics: HttpMetrics, *, secure: bool) -> None:
        self._app = app
        self._limits = limits
        self._metrics = metrics
        headers = dict(SECURE_HEADERS)
        if secure:
            headers["strict-transport-security"] = "max-age=31536000"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; sockets and the lifespan pass by."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        try:
            turn = self._limits.enter(scope)  # type: ignore[arg-type]  # a typed dict is a mapping
        except TooManyError as error:
            self._metrics.refused.inc()
            await self._refuse(problem_of(error), send)
            return
        started, status = time.perf_counter(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._set_headers(message)
            await send(message)

        self._metrics.show_in_flight(self._limits.in_flight)
        try:
            await self._app(scope, receive, sent)
        finally:
            self._limits.leave(turn)
            self._metrics.show_in_flight(self._limits.in_flight)
            route = str(scope.get("path_template") or "unknown")
            self._metrics.answered(str(scope.get("method")), route, status, time.perf_counter() - started)

    def _set_headers(self, message: HTTPResponseStartEvent) -> None:
        given = list(message["headers"])
        names = {name.lower() for name, _ in given}
        message["headers"] = given + [header for header in self._headers if header[0] not in names]

    async def _refuse(self, problem: Problem, send: Send) -> None:
        headers = [(b"content-type", PROBLEM_TYPE.encode()), (b"retry-after", b"1"), *self._headers]
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        body = msgspec.json.encode(problem)
        await send({"type": "http.response.body", "body": body, "more_body": False})

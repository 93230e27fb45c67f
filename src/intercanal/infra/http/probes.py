"""What machines ask: is it ready, which part is not, and the figures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response, Router, get
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from intercanal.infra.http.guard import PUBLIC
from intercanal.infra.http.problems import make_problem, problem_response
from intercanal.kernel.errors import NotFoundError

Check = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)

_PATIENCE_S = 2.0
_HERE = frozenset({"127.0.0.1", "::1"})


async def _holds(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await check()
    except Exception as error:  # noqa: BLE001 - any failure of a part means that it is not ready
        log.info("http.part_not_ready", part=name, kind=type(error).__name__)
        return False
    return True


async def examine(checks: Mapping[str, Check]) -> dict[str, bool]:
    """Ask every part at once."""
    found = await asyncio.gather(*(_holds(name, check) for name, check in checks.items()))
    return dict(zip(checks, found, strict=True))


def probes_router(checks: Mapping[str, Check], registry: CollectorRegistry) -> Router:
    """Make `/healthz`, `/readyz` and `/metrics`; the figures are for this machine alone."""

    async def ready() -> Response[Any]:
        parts = await examine(checks)
        if not all(parts.values()):
            waiting = sorted(name for name, holds in parts.items() if not holds)
            return problem_response(
                make_problem(HTTPStatus.SERVICE_UNAVAILABLE, "infra.not_ready", {"parts": waiting, "retry_after_s": 1})
            )
        return Response({"status": "ready", "parts": sorted(parts)})

    @get("/healthz")
    async def healthz() -> Response[Any]:
        return await ready()

    @get("/readyz")
    async def readyz() -> Response[Any]:
        return await ready()

    @get("/metrics", sync_to_thread=False)
    def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
        # A Unix socket has no client address: whoever reaches it is on this machine.
        if forwarded or (request.client is not None and request.client.host not in _HERE):
            raise NotFoundError("request.unknown_path")
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Router("/", route_handlers=[healthz, readyz, metrics], opt={"permission": PUBLIC}, include_in_schema=False)

"""Builds the HTTP application out of what features bring; refuses one that forgot to say who may call it."""

import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.datastructures import Headers, State
from litestar.di import Provide
from litestar.exceptions.base_exceptions import LitestarDeprecationWarning
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry

from intercanal.infra.feature import Feature
from intercanal.infra.http.answers import Answer
from intercanal.infra.http.door import Door, DoorServices, Replay
from intercanal.infra.http.edge import Edge, metrics_of
from intercanal.infra.http.guard import PUBLIC, SELF, Guard, make_guard, permission_of
from intercanal.infra.http.limits import Limits
from intercanal.infra.http.openapi import document_router, own_pages
from intercanal.infra.http.origin import Origins
from intercanal.infra.http.principal import Authenticator
from intercanal.infra.http.probes import Check, probes_router
from intercanal.infra.http.problems import handle
from intercanal.infra.http.site import site_router
from intercanal.kernel.errors import InvalidError

MAX_BODY = 1_000_000

Gate = Callable[[Request[Any, Any, Any]], Awaitable[None]]


class HttpOptions(msgspec.Struct, frozen=True):
    """How the application faces the world; `public_urls` name our own pages, else the Host header does."""

    public_urls: tuple[str, ...] = ()
    site: Path | None = None
    everybody: int = 1024
    one_tenant: int = 512
    max_body: int = MAX_BODY
    version: str = "0"


class HttpServices(msgspec.Struct, frozen=True):
    """What the application is wired to; `extras` are handed to handlers that ask for them by name."""

    doors: DoorServices
    authenticate: Authenticator
    checks: Mapping[str, Check] = {}
    extras: Mapping[str, object] = {}
    registry: CollectorRegistry = msgspec.field(default_factory=CollectorRegistry)


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is refused when it is no JSON, also for the two reasons that escape the decoder."""

    _read: Headers | None = None

    @property
    def headers(self) -> Headers:
        """Read the headers once: they are asked for several times on the way to a handler."""
        if self._read is None:
            self._read = super().headers
        return self._read

    async def json(self) -> Any:
        """Decode the body."""
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise InvalidError("request.malformed") from error


class PermissionMistakeError(RuntimeError):
    """A handler states no permission, or one that no feature declares."""


def build_litestar(
    features: Iterable[Feature], services: HttpServices, options: HttpOptions, limits: Limits
) -> Litestar:
    """Build the application proper, without its edge."""
    brought = list(features)
    routers = [router for feature in brought for router in feature.routers]
    routers += [probes_router(services.checks, services.registry), document_router()]
    if options.site is not None and (site := site_router(options.site)) is not None:
        routers.append(site)
    guard = make_guard(services.authenticate, Origins(options.public_urls), limits)
    sockets = [router for feature in brought for router in feature.sockets]
    gate = _gate_of(guard)
    with warnings.catch_warnings():
        # Handlers are written in Litestar 2's plain style; its next major wants markers on each parameter.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        app = Litestar(
            route_handlers=[*routers, Router(path="/", route_handlers=sockets, guards=[guard])],
            before_request=gate,
            dependencies={"door": Provide(_door_of(services.doors), sync_to_thread=False), **_extras(services.extras)},
            exception_handlers={Replay: _replay, Exception: handle},
            request_class=JsonRequest,
            response_class=Answer,
            openapi_config=OpenAPIConfig(
                title="Intercanal", version=options.version, path="/-/schema", openapi_router=own_pages(),
                render_plugins=[JsonRenderPlugin()],
            ),
            request_max_body_size=options.max_body,
            logging_config=None,
            debug=False,
            state=State(),
        )  # fmt: skip
    check_permissions(app, {permission for feature in brought for permission in feature.permissions})
    check_gates(app, gate, guard)
    return app


def build_app(features: Iterable[Feature], services: HttpServices, options: HttpOptions | None = None) -> ASGIApp:
    """Build the whole ASGI application that a server runs."""
    chosen = options or HttpOptions()
    limits = Limits(chosen.everybody, chosen.one_tenant)
    app = build_litestar(features, services, chosen, limits)
    secure = any(url.startswith("https:") for url in chosen.public_urls)
    return Edge(app, limits, metrics_of(services.registry), secure=secure)


def check_permissions(app: Litestar, declared: set[str]) -> None:
    """Fail the start when a handler forgot its permission, or states one that no role could ever be given."""
    for route in app.routes:
        for handler in _handlers(route):
            stated = permission_of(handler)
            if stated is None:
                raise PermissionMistakeError(f"{route.path}: {handler} states no permission")
            if stated not in {PUBLIC, SELF} | declared:
                raise PermissionMistakeError(f"{route.path}: no feature declares the permission {stated}")


def check_gates(app: Litestar, gate: Gate, guard: Guard) -> None:
    """Fail the start when a way in goes round the guard: a handler with a gate of its own, a socket among the rest."""
    for route in app.routes:
        for handler in _handlers(route):
            if isinstance(handler, HTTPRouteHandler):
                is_guarded = handler.resolve_before_request() is gate
            else:
                is_guarded = guard in handler.resolve_guards()
            if not is_guarded:
                raise PermissionMistakeError(f"{route.path}: {handler} is not guarded")


def _gate_of(guard: Guard) -> Gate:
    """Make the guard of requests; as a guard of Litestar's it would cost a copy of the handler each time."""

    async def gate(request: Request[Any, Any, Any]) -> None:
        await guard(request, request.route_handler)

    return gate


def _handlers(route: Any) -> list[BaseRouteHandler]:
    found = getattr(route, "route_handlers", None) or [route.route_handler]
    # Litestar answers OPTIONS by itself with the allowed methods: it has no handler of ours to state anything.
    return [handler for handler in found if getattr(handler, "http_methods", None) != {"OPTIONS"}]


def _door_of(doors: DoorServices) -> Callable[..., Door]:
    def door(request: Request[Any, Any, Any]) -> Door:
        return Door(request, doors)

    return door


def _extras(extras: Mapping[str, object]) -> dict[str, Provide]:
    def constant(value: object) -> Provide:
        def give() -> object:
            return value

        return Provide(give, sync_to_thread=False)

    return {name: constant(value) for name, value in extras.items()}


def _replay(request: Request[Any, Any, Any], replay: Replay) -> Response[bytes]:
    status = replay.kept.status
    body = b"" if status == 204 else replay.kept.answer  # noqa: PLR2004 - No Content
    return Response(body, status_code=status, media_type="application/json", headers={"idempotent-replayed": "true"})

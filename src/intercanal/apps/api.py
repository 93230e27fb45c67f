"""The HTTP side of the program: features, identity and the live core put together behind one ASGI application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import structlog
from litestar.types import ASGIApp, LifeSpanReceive, LifeSpanSend, Receive, Scope, Send

import intercanal
from intercanal.apps import features
from intercanal.apps.config import Config
from intercanal.apps.realtime import Sockets
from intercanal.apps.wiring import Services, core_services
from intercanal.identity.adapters.argon2 import Argon2Passwords
from intercanal.identity.endpoints.authenticator import TokenAuthenticator
from intercanal.identity.endpoints.desk import Desk
from intercanal.infra.http.app import HttpOptions, HttpServices, build_app
from intercanal.infra.outbox.sweep import Sweeper
from intercanal.infra.telemetry.metrics import REGISTRY

log = structlog.get_logger("api")

Compose = Callable[[], contextlib.AbstractAsyncContextManager[ASGIApp]]


class Composed:
    """An ASGI application that is put together when the server starts, and taken apart when it ends."""

    def __init__(self, compose: Compose) -> None:
        self._compose = compose
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, once put together; the lifespan is ours."""
        if str(scope["type"]) == "lifespan":
            await self._live(cast("LifeSpanReceive", receive), cast("LifeSpanSend", send))
            return
        if self._app is None:
            raise RuntimeError("the server has not started")
        await self._app(scope, receive, send)

    async def _live(self, receive: LifeSpanReceive, send: LifeSpanSend) -> None:
        await receive()
        async with contextlib.AsyncExitStack() as stack:
            try:
                self._app = await stack.enter_async_context(self._compose())
            except Exception as error:
                log.exception("api.not_started", kind=type(error).__name__)
                await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._app = None
        await send({"type": "lifespan.shutdown.complete"})


def site_folder() -> Path:
    """Return where the built screens are: beside the sources of a checkout, else inside the package."""
    package = Path(intercanal.__file__).parent
    checkout = package.parents[1] / "web" / "dist"
    return checkout if checkout.is_dir() else package / "site"


def own_pages(public_url: str) -> tuple[str, ...]:
    """Return the addresses of our own pages; on this machine alone, `localhost` and `127.0.0.1` are one."""
    names = ("localhost", "127.0.0.1")
    parts = urlsplit(public_url)
    if parts.hostname not in names or parts.port is None:
        return (public_url,)
    return tuple(f"{parts.scheme}://{name}:{parts.port}" for name in names)


def http_app(
    services: Services, authenticator: TokenAuthenticator, passwords: Argon2Passwords, sockets: Sockets
) -> ASGIApp:
    """Put the features behind HTTP."""
    extras = {
        "identity": Desk(services.database, passwords, features.catalogue()),
        "setting_registry": features.setting_registry(),
        "blobs": services.blobs,
        "sockets": sockets,
    }
    http = HttpServices(
        doors=services.doors,
        authenticate=authenticator,
        checks={"database": services.database.ping},
        extras=extras,
        registry=REGISTRY,
    )
    options = HttpOptions(
        public_urls=own_pages(services.config.public_url), site=site_folder(), version=intercanal.__version__
    )
    return build_app(features.FEATURES, http, options)


@contextlib.asynccontextmanager
async def compose(config: Config) -> AsyncIterator[ASGIApp]:
    """Connect, own live work, listen for revocations, sweep what a crash left, and serve."""
    async with core_services(config) as (services, runtime):
        authenticator = TokenAuthenticator(services.database, features.catalogue())
        listening = await authenticator.listen(services.bus)
        sockets = Sockets(runtime.hub, runtime.live, authenticator, runtime.open_domain)
        listening += await sockets.listen(services.bus)
        passwords = Argon2Passwords()
        sweeping = asyncio.create_task(Sweeper(services.delivery).run(), name="outbox-sweeper")
        try:
            yield http_app(services, authenticator, passwords, sockets)
        finally:
            sweeping.cancel()
            for subscription in listening:
                await subscription.stop()
            passwords.close()


def create_app(config: Config) -> ASGIApp:
    """Make the application that a server runs."""
    return Composed(lambda: compose(config))

"""The live part of a process that may own routing domains: engine, leases, relay, and the hub of its sockets."""

from typing import Final

import asyncpg
from nats.aio.client import Client

import intercanal
from intercanal.apps import collector
from intercanal.apps.config import Config
from intercanal.apps.desktop import addressees
from intercanal.infra.bus.nats import NatsBus, NatsLeases, NatsStreams, open_client
from intercanal.infra.live.client import Live
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.engine import Engine
from intercanal.infra.live.journal import Journal
from intercanal.infra.live.owner import OwnedDomains, Owner
from intercanal.infra.live.relay import Relay
from intercanal.infra.live.remote import LiveServer, RemoteLive, RoutedLive
from intercanal.infra.realtime.hub import Hub
from intercanal.interactions import live as interactions
from intercanal.kernel.clock import Clock, SystemClock
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Component
from intercanal.mail import live as mail
from intercanal.people import live as people
from intercanal.routing import live as routing

COMPONENTS: Final[tuple[Component, ...]] = (
    people.component,
    interactions.component,
    routing.component,
    mail.component,
)

_CONNECTIONS: Final = 6


def make_core() -> LiveCore:
    """Compose the live core of this code version."""
    return LiveCore(COMPONENTS, addressees)


def make_pool(config: Config, name: str, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    """Make a pool of connections of the journal's role; it connects when awaited."""
    # A batch's statement is large, and the same plan serves every batch of its shape.
    settings = {"application_name": name, "timezone": "UTC", "jit": "off", "plan_cache_mode": "force_generic_plan"}
    pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
        config.journal_url,
        min_size=1,
        max_size=size,
        server_settings=settings,
        max_inactive_connection_lifetime=0,
        max_cached_statement_lifetime=0,
        reset=_leave,
    )
    return pool


async def _leave(_connection: object) -> None:
    """Do nothing: nobody leaves anything in a journal's session, and a reset costs a round trip for each batch."""


class LiveRuntime:
    """Everything live of one process; made at once, connected by `start`."""

    def __init__(self, config: Config, holder: str, clock: Clock | None = None) -> None:
        self._config = config
        self.core = make_core()
        self.client = Client()
        self.bus = NatsBus(self.client)
        self.streams = NatsStreams(self.client)
        self.hub = Hub()
        self._pool = make_pool(config, "intercanal-journal", _CONNECTIONS)
        journal = Journal(self._pool, self.core, intercanal.__version__)
        on_open = (people.ForgetConnections(),)
        self.engine = Engine(self.core, journal, clock or SystemClock(), on_open=on_open)
        self._server = LiveServer(self.bus, self.core, self.engine)
        self._owner = Owner(NatsLeases(self.client), OwnedDomains(self.engine, self._server, journal), holder)
        self._relay = Relay(self._pool, self.streams, self.core)
        self.live: Live = RoutedLive(self.engine, RemoteLive(self.bus, self.core), self._owner.owns)
        self.engine.on_opened.extend((self.hub.opened, self._relay.opened))
        self.engine.on_closed.append(self.hub.closed)
        self.engine.listeners.extend((self.hub.heard, self._relay.heard))

    async def start(self) -> None:
        """Connect, take what leases are free, load those domains, and begin to relay."""
        self._pool = await self._pool
        await open_client(self.client, [self._config.nats_url], self._config.nats_token or None, "core")
        await self.streams.prepare()
        self._relay.start()
        await self._owner.start()
        collector.settle()

    async def open_domain(self, tenant_id: TenantId) -> None:
        """Begin a tenant's live work when it is this process's to do and has not begun."""
        if self._owner.owns(tenant_id):
            await self.engine.open(tenant_id)

    async def stop(self) -> None:
        """Finish what is in hand, publish it, give the leases back."""
        await self._server.stop_all()
        await self.engine.drain()
        await self._relay.stop()
        await self._owner.stop()
        await self.client.close()
        await self._pool.close()

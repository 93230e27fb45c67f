"""Connects a process to its database, its bus and the live core, and lets go of them in order."""

import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

import intercanal
from intercanal.apps import features
from intercanal.apps.config import Config
from intercanal.identity import service as identity
from intercanal.identity.adapters.heads import FolderHeads
from intercanal.identity.ports import HeadArchive
from intercanal.infra.blobs.choose import open_blobs
from intercanal.infra.blobs.port import Blobs
from intercanal.infra.bus.nats import NatsBus, NatsLeases, NatsStreams, connect
from intercanal.infra.bus.port import Bus, Leases, Streams
from intercanal.infra.db.database import Database
from intercanal.infra.db.schema import check_schema
from intercanal.infra.http.door import DoorServices
from intercanal.infra.live.client import Live
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.engine import Engine
from intercanal.infra.live.journal import Journal
from intercanal.infra.live.owner import OwnedDomains, Owner
from intercanal.infra.live.publisher import Publisher
from intercanal.infra.live.relay import Relay
from intercanal.infra.live.remote import LiveServer, RemoteLive, RoutedLive
from intercanal.infra.outbox.delivery import Codec, Delivery
from intercanal.infra.realtime.hub import Hub
from intercanal.kernel.clock import SystemClock
from intercanal.people import live as people

JOURNAL_CONNECTIONS = 5


@dataclass(frozen=True)
class Services:
    """What consumers, jobs and doors are given; each takes what it names."""

    config: Config
    database: Database
    bus: Bus
    streams: Streams
    leases: Leases
    blobs: Blobs
    core: LiveCore
    live: Live
    delivery: Delivery

    @property
    def doors(self) -> DoorServices:
        """Return what doors are made of."""
        return DoorServices(self.database, self.live, self.delivery)

    @property
    def heads(self) -> HeadArchive:
        """Return where the signed heads of the audit are kept."""
        return FolderHeads(Path(self.config.data or ".") / "audit")


@dataclass(frozen=True)
class Links:
    """The connections of a process, before it knows whether it owns live work."""

    config: Config
    database: Database
    bus: Bus
    streams: Streams
    leases: Leases

    def services(self, core: LiveCore, live: Live) -> Services:
        """Complete them with a way to the live core."""
        delivery = Delivery(self.database, live, self.streams, Codec(features.commands()))
        blobs = open_blobs(self.config.blobs)
        return Services(self.config, self.database, self.bus, self.streams, self.leases, blobs, core, live, delivery)


@dataclass(frozen=True)
class Owned:
    """The live core as its owner has it."""

    core: LiveCore
    engine: Engine
    owner: Owner
    live: Live
    hub: Hub


@contextlib.asynccontextmanager
async def linked(config: Config, role: str) -> AsyncIterator[Links]:
    """Connect to the database and the bus; refuses a database that this program does not know."""
    async with contextlib.AsyncExitStack() as stack:
        database = Database(config.app_url, name=f"intercanal-{role}", observers=(identity.note_settings,))
        stack.push_async_callback(database.close)
        await check_schema(database)
        client = await connect([config.nats_url], config.nats_token or None, role)
        stack.push_async_callback(client.close)
        streams = NatsStreams(client)
        await streams.prepare()
        yield Links(config, database, NatsBus(client), streams, NatsLeases(client))


def remote(links: Links) -> Services:
    """Complete the services of a process that owns no live work: commands go over the bus."""
    core = features.live_core()
    return links.services(core, RemoteLive(links.bus, core))


@contextlib.asynccontextmanager
async def owning(links: Links) -> AsyncIterator[Owned]:
    """Own live work as far as leases allow; at the end what was taken is finished and given back."""
    core = features.live_core()
    async with asyncpg.create_pool(
        links.config.journal_url,
        min_size=1,
        max_size=JOURNAL_CONNECTIONS,
        max_inactive_connection_lifetime=0,
        server_settings={"application_name": "intercanal-journal", "timezone": "UTC", "jit": "off"},
    ) as pool:
        journal = Journal(pool, core, intercanal.__version__)
        engine = Engine(core, journal, SystemClock(), on_open=(people.ForgetConnections(),))
        relay = Relay(pool, links.streams, core)
        hub, publisher = Hub(), Publisher(links.bus)
        engine.on_opened.extend((hub.opened, relay.opened))
        engine.listeners.extend((hub.heard, relay.heard, publisher.heard))
        relay.start()
        publisher.start()
        server = LiveServer(links.bus, core, engine)
        owner = Owner(links.leases, OwnedDomains(engine, server, journal), _holder())
        await owner.start()
        try:
            live = RoutedLive(engine, RemoteLive(links.bus, core), owner.owns)
            yield Owned(core, engine, owner, live, hub)
        finally:
            await server.stop_all()
            await engine.drain()
            await relay.stop()
            await publisher.stop()
            await owner.stop()


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

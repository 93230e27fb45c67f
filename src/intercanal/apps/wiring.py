"""Connects a process to its database, its bus and the live core, and lets go of them in order."""

import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client

from intercanal.apps.config import Config
from intercanal.apps.live import COMPONENTS, LiveRuntime, make_core
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
from intercanal.infra.live.remote import RemoteLive
from intercanal.infra.outbox.delivery import Codec, Delivery
from intercanal.kernel.clock import Clock
from intercanal.mail.adapters.send_queue import RESETS, PostgresQueue
from intercanal.mail.ports import SendQueue


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
        return DoorServices(self.database, self.live, self.delivery, self.secret)

    @property
    def clock(self) -> Clock:
        """Return the clock of the doors."""
        return self.database.clock

    @property
    def secret(self) -> bytes:
        """Return the installation's own random key."""
        return self.config.secret.encode()

    @property
    def send_queue(self) -> SendQueue:
        """Return where answers wait to be sent."""
        return PostgresQueue(self.config.app_url)

    @property
    def reset_queue(self) -> SendQueue:
        """Return where reset mails wait to be sent."""
        return PostgresQueue(self.config.app_url, RESETS)

    @property
    def heads(self) -> HeadArchive:
        """Return where the signed heads of the audit are kept."""
        return FolderHeads(Path(self.config.data or ".") / "audit")


def make_codec() -> Codec:
    """Make the reader of outbox rows: it knows every command that somebody decides."""
    return Codec({command: None for component in COMPONENTS for command in component.decide})


@contextlib.asynccontextmanager
async def opened_database(config: Config, role: str) -> AsyncIterator[Database]:
    """Open the pool of the doors; refuses a database that this program does not know."""
    database = Database(config.app_url, name=f"intercanal-{role}", observers=(identity.note_settings,))
    try:
        await check_schema(database)
        yield database
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def core_services(config: Config) -> AsyncIterator[tuple[Services, LiveRuntime]]:
    """Connect a process that owns live work as far as leases allow; at the end what was taken is finished."""
    async with opened_database(config, "core") as database:
        runtime = LiveRuntime(config, _holder(config))
        await runtime.start()
        try:
            yield _services(config, database, runtime.client, (runtime.core, runtime.live)), runtime
        finally:
            await runtime.stop()


@contextlib.asynccontextmanager
async def work_services(config: Config) -> AsyncIterator[Services]:
    """Connect a process that owns no live work: its commands go over the bus."""
    async with opened_database(config, "work") as database:
        client = await connect([config.nats_url], config.nats_token or None, "work")
        try:
            core = make_core()
            await NatsStreams(client).prepare()
            yield _services(config, database, client, (core, RemoteLive(NatsBus(client), core)))
        finally:
            await client.close()


def _services(config: Config, database: Database, client: Client, decider: tuple[LiveCore, Live]) -> Services:
    core, live = decider
    bus, streams, leases = NatsBus(client), NatsStreams(client), NatsLeases(client, "jobs")
    delivery = Delivery(database, live, streams, make_codec())
    return Services(config, database, bus, streams, leases, open_blobs(config.blobs), core, live, delivery)


def _holder(config: Config) -> str:
    """Name the holder of leases: the same after a restart on the spot, so that it need not wait for its own lease."""
    if config.data is not None:
        return f"{socket.gethostname()}:{config.data}"
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

"""The whole way of a mail in one process: real SMTP in, real database, the composed core, a queue of answers."""

import asyncio
import contextlib
import smtplib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any

import asyncpg
import httpx

from intercanal.customers.feature import feature as customers
from intercanal.identity import service as identity
from intercanal.identity.domain.tokens import parse
from intercanal.infra.blobs.memory import MemoryBlobs
from intercanal.infra.bus.memory import MemoryStreams
from intercanal.infra.bus.port import Subscription
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Feature
from intercanal.infra.http.app import HttpServices, build_app
from intercanal.infra.http.door import DoorServices
from intercanal.infra.http.principal import CredentialScope, Principal
from intercanal.infra.live.client import Key, Outcome
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.engine import Engine
from intercanal.infra.live.journal import Journal
from intercanal.infra.live.relay import Relay
from intercanal.infra.outbox.delivery import Codec, Delivery
from intercanal.interactions.feature import feature as interactions
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.errors import UnavailableError
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Command, Words
from intercanal.mail import jobs
from intercanal.mail.adapters.memory import MemoryTransport, Taken
from intercanal.mail.adapters.send_queue import RESETS, PostgresQueue
from intercanal.mail.adapters.smtp_server import SmtpOptions, SmtpServer
from intercanal.mail.consumers import Intake
from intercanal.mail.domain.model import Limits
from intercanal.mail.feature import feature as mail
from intercanal.mail.ports import MailTransport
from intercanal.people.feature import feature as people
from intercanal.routing import service as routing_service
from intercanal.routing.feature import feature as routing
from intercanal.tenancy.feature import feature as tenancy
from intercanal.tenancy.service import NewTenant, create_tenant
from tests.fixtures.servers import Urls
from tests.people.api import PASSPHRASE, Caller

FEATURES: list[Feature] = [tenancy, people, customers, interactions, routing, mail]
SECRET = b"the installation's own key, drawn at random"
LIMITS = Limits(size=200_000)


class Switch:
    """The live core as the work process sees it: it can be away."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_away = False

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        if self.is_away:
            raise UnavailableError("live.no_owner", retry_after_s=2)
        return await self.engine.submit(tenant_id, command, actor=actor, key=key, words=words)


@dataclass(frozen=True)
class ConsumerServices:
    database: Database
    blobs: MemoryBlobs
    live: Switch
    delivery: Delivery
    send_queue: PostgresQueue
    reset_queue: PostgresQueue
    secret: bytes = SECRET


@dataclass
class Place:
    """A tenant with a queue, a mailbox and an agent who is there."""

    tenant_id: TenantId
    admin: Caller
    agent_id: str
    agent: Caller
    queue_id: str
    mailbox_id: str
    address: str


@dataclass
class Post:
    """One running program."""

    urls: Urls
    database: Database
    engine: Engine
    live: Switch
    blobs: MemoryBlobs
    stream: MemoryStreams
    services: ConsumerServices
    http: httpx.AsyncClient
    port: int
    heard: list[Subscription] = field(default_factory=list)

    async def place(self) -> Place:
        tenant_id = TenantId(new_id(SystemClock().now()))
        domain = f"{tenant_id[-12:]}.example"
        async with self.database.unit_of_work(tenant_id) as uow:
            await create_tenant(uow, NewTenant(name=domain))
            _, key = await identity.create_admin(uow, "admin@example.org", "The Admin", PASSPHRASE)
            await uow.commit()
        admin = Caller(self.http, key)
        queue = await admin.post("/api/routing/queues", {"name": "Help"})
        address = f"help@{domain}"
        mailbox = await admin.post("/api/mail/mailboxes", {"address": address, "queue_id": queue["id"]})
        made = await admin.post("/api/people/agents", {"name": "Robot", "email": f"robot@{domain}"})
        token = (await admin.post(f"/api/people/agents/{made['id']}/token", {}))["token"]
        agent = Caller(self.http, token)
        return Place(tenant_id, admin, made["id"], agent, queue["id"], mailbox["id"], address)

    async def send(self, raw: bytes, *to: str, sender: str = "camille@example.org") -> None:
        """Hand a mail in by SMTP, as any mail server would; raises what smtplib raises."""

        def talk() -> None:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as server:
                server.sendmail(sender, list(to), raw)

        await asyncio.to_thread(talk)

    async def found(self, place: Place, external_id: str) -> list[dict[str, Any]]:
        """The interactions, with their messages, that have a message with this Message-ID."""
        items = (await place.admin.get("/api/interactions", external_id=external_id))["items"]
        return [await place.admin.get(f"/api/interactions/{item['id']}") for item in items]

    async def one(self, place: Place, external_id: str) -> dict[str, Any]:
        found = await self.found(place, external_id)
        assert len(found) == 1, found
        return found[0]

    async def accept(self, place: Place) -> str:
        """Take what is offered to the agent and return the interaction."""
        await place.agent.put("/api/people/me/presence", {"state": "available"})

        async def offered() -> Any:
            async with self.database.unit_of_work(place.tenant_id) as uow:
                return await routing_service.open_offers(uow, place.agent_id)

        offers = await until(offered)
        await place.agent.post(f"/api/routing/offers/{offers[0].id}/accept", {})
        return str(offers[0].interaction_id)

    async def answer(self, place: Place, interaction_id: str, text: str = "C'est corrigé.") -> str:
        sent = await place.agent.post(f"/api/interactions/{interaction_id}/messages", {"text": text})
        return str(sent["id"])

    async def timeline(self, place: Place, conversation_id: str) -> list[dict[str, Any]]:
        items = (await place.admin.get(f"/api/interactions/conversations/{conversation_id}/timeline"))["items"]
        return list(items)

    def sender(self, transport: MailTransport) -> jobs.Sender:
        return jobs.Sender(self.database, self.live, transport, SECRET)

    @contextlib.asynccontextmanager
    async def sending(self, transport: MailTransport) -> AsyncIterator[None]:
        """Run the queue of answers with a way out."""
        stopping, ready = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(jobs.run(self.sender(transport), self.services.send_queue, ready.set, stopping))
        await asyncio.wait_for(ready.wait(), 20)
        try:
            yield
        finally:
            stopping.set()
            await asyncio.wait_for(running, 20)


async def until(test: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> Any:
    """Wait for something that another part brings about; fails loudly when it does not come."""
    async with asyncio.timeout(seconds):
        while not (value := await test()):  # noqa: ASYNC110 - a test may look again and again; the product may not
            await asyncio.sleep(0.02)
    return value


def left(transport: MemoryTransport, place: Place) -> list[Taken]:
    """What left from a mailbox; the queue also holds what other tests of the module left waiting."""
    return [taken for taken in transport.taken if taken.sender == place.address]


async def arrived(transport: MemoryTransport, place: Place, count: int = 1) -> list[Message]:
    """Wait for so many mails of a mailbox at the relay, and read them."""

    async def enough() -> bool:
        return len(left(transport, place)) >= count

    await until(enough)
    return [BytesParser().parsebytes(taken.raw) for taken in left(transport, place)]


def listening() -> socket.socket:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.setblocking(False)
    return door


@contextlib.asynccontextmanager
async def running(urls: Urls) -> AsyncIterator[Post]:
    core = LiveCore([feature.component for feature in FEATURES if feature.component is not None])
    pool = await asyncpg.create_pool(urls.journal, min_size=1, max_size=4)
    engine = Engine(core, Journal(pool, core, "test"), SystemClock())
    stream = MemoryStreams()
    relay = Relay(pool, stream, core)
    engine.on_opened.append(relay.opened)
    engine.listeners.append(relay.heard)
    live = Switch(engine)
    database, blobs = Database(urls.app), MemoryBlobs()
    commands = {command: None for part in core.components for command in part.decide}
    delivery = Delivery(database, engine, stream, Codec(commands))
    queues = PostgresQueue(urls.app), PostgresQueue(urls.app, RESETS)
    services = ConsumerServices(database, blobs, live, delivery, *queues)
    catalogue = frozenset(permission for feature in FEATURES for permission in feature.permissions)

    async def authenticate(credential: str, scope: CredentialScope) -> Principal | None:
        token = parse(credential) if scope == "bearer" else None
        if token is None:
            return None
        async with database.unit_of_work(token.tenant_id) as uow:
            found = (await identity.open_digests(uow, [token], catalogue)).get(token.digest)
        return found.principal if found else None

    doors = DoorServices(database, engine, delivery, SECRET)
    app = build_app(FEATURES, HttpServices(doors, authenticate, extras={"blobs": blobs}))
    door = listening()
    intake = Intake(database, live, blobs, SECRET, limits=LIMITS)
    server = SmtpServer(intake, SmtpOptions("mx.check.example", LIMITS.size, max_connections=8))
    await server.start(door)
    relay.start()
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # the same protocol, declared twice
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        post = Post(urls, database, engine, live, blobs, stream, services, http, door.getsockname()[1])
        for feature in FEATURES:
            for consumer in feature.consumers:
                post.heard.append(await stream.consume(consumer.name, consumer.subject, consumer.make(services)))
        try:
            yield post
        finally:
            await server.stop()
            await engine.drain()
            await relay.stop()
            for subscription in post.heard:
                await subscription.stop()
            await database.close()
            pool.terminate()

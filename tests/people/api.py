"""The product's doors over a real database and a real live core, with signed-in administrators and agents."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from intercanal.identity import service as identity
from intercanal.identity.domain.tokens import parse
from intercanal.identity.schemas import RoleBody
from intercanal.identity.service.tokens import add_key
from intercanal.infra.blobs.memory import MemoryBlobs
from intercanal.infra.bus.memory import MemoryStreams
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Feature
from intercanal.infra.http.app import HttpServices, build_app
from intercanal.infra.http.door import DoorServices
from intercanal.infra.http.principal import CredentialScope, Principal
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.engine import Engine
from intercanal.infra.live.journal import Journal
from intercanal.infra.live.relay import Relay
from intercanal.infra.outbox.delivery import Codec, Delivery
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Component
from tests.fixtures.servers import Urls

PASSPHRASE = "a long enough pass phrase 1"


class Caller:
    """Somebody who calls the API with their own token."""

    def __init__(self, http: httpx.AsyncClient, token: str | None) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    async def call(
        self, method: str, path: str, body: object = None, key: str | None = None, **query: str
    ) -> httpx.Response:
        headers = self._headers | ({"idempotency-key": key} if key else {})
        return await self._http.request(method, path, json=body, headers=headers, params=query or None)

    async def raw(self, method: str, path: str, body: bytes) -> httpx.Response:
        headers = self._headers | {"content-type": "application/json"}
        return await self._http.request(method, path, content=body, headers=headers)

    async def get(self, path: str, **query: str) -> Any:
        return self.good(await self.call("GET", path, **query))

    async def post(self, path: str, body: object, key: str | None = None) -> Any:
        return self.good(await self.call("POST", path, body, key))

    async def put(self, path: str, body: object) -> Any:
        return self.good(await self.call("PUT", path, body))

    async def delete(self, path: str, **query: str) -> Any:
        return self.good(await self.call("DELETE", path, **query))

    async def refused(self, status: int, code: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = await self.call(method, path, body)
        problem: dict[str, Any] = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        return problem

    @staticmethod
    def good(answer: httpx.Response) -> Any:
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class ConsumerServices:
    """What readers of the stream are given."""

    database: Database
    blobs: MemoryBlobs
    delivery: Delivery


class Api:
    """One running program for a test module."""

    def __init__(self, database: Database, engine: Engine, http: httpx.AsyncClient, blobs: MemoryBlobs) -> None:
        self.database = database
        self.engine = engine
        self.blobs = blobs
        self._http = http

    def nobody(self) -> Caller:
        return Caller(self._http, None)

    async def tenant(self) -> tuple[TenantId, Caller]:
        """Make a tenant with its administrator."""
        tenant_id = TenantId(new_id(SystemClock().now()))
        async with self.database.unit_of_work(tenant_id) as uow:
            _, key = await identity.create_admin(uow, "admin@example.org", "The Admin", PASSPHRASE)
            await uow.commit()
        return tenant_id, Caller(self._http, key)

    async def with_only(self, tenant_id: TenantId, permission: str) -> Caller:
        """Make a key whose role may do one thing."""
        maker = Principal(tenant_id, tenant_id, "key", frozenset({permission}))
        async with self.database.unit_of_work(tenant_id, maker.id) as uow:
            role = await identity.create_role(uow, maker, RoleBody("Only this", [permission]), maker.permissions)
            _, key = add_key(uow, "only this", role.id)
            await uow.commit()
        return Caller(self._http, key)

    async def agent(self, admin: Caller, name: str, **settings: object) -> tuple[str, Caller]:
        """Make an agent, and sign in as them."""
        made = await admin.post("/api/people/agents", {"name": name, "email": f"{name}@example.org", **settings})
        token = (await admin.post(f"/api/people/agents/{made['id']}/token", {}))["token"]
        return made["id"], Caller(self._http, token)


@contextlib.asynccontextmanager
async def serving(urls: Urls, features: Sequence[Feature], extra: Sequence[Component] = ()) -> AsyncIterator[Api]:
    """Serve some features, with further components in their live core."""
    catalogue = frozenset(permission for feature in features for permission in feature.permissions)
    components = [*(feature.component for feature in features if feature.component is not None), *extra]
    core = LiveCore(components)
    pool = await asyncpg.create_pool(urls.journal, min_size=1, max_size=4)
    engine = Engine(core, Journal(pool, core, "test"), SystemClock())
    stream = MemoryStreams()
    relay = Relay(pool, stream, core)
    engine.on_opened.append(relay.opened)
    engine.listeners.append(relay.heard)
    database = Database(urls.app)
    commands = [command for component in components for command in component.decide]

    async def authenticate(credential: str, scope: CredentialScope) -> Principal | None:
        token = parse(credential) if scope == "bearer" else None
        if token is None:
            return None
        async with database.unit_of_work(token.tenant_id) as uow:
            found = (await identity.open_digests(uow, [token], catalogue)).get(token.digest)
        return found.principal if found else None

    delivery = Delivery(database, engine, stream, Codec(commands))
    doors, blobs = DoorServices(database, engine, delivery, b"a key of the tests"), MemoryBlobs()
    app = build_app(features, HttpServices(doors, authenticate))
    services = ConsumerServices(database, blobs, delivery)
    heard = [
        await stream.consume(consumer.name, consumer.subject, consumer.make(services))
        for feature in features
        for consumer in feature.consumers
    ]
    relay.start()
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # the same protocol, declared twice
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        try:
            yield Api(database, engine, http, blobs)
        finally:
            await engine.drain()
            await relay.stop()
            for subscription in heard:
                await subscription.stop()
            await database.close()
            pool.terminate()

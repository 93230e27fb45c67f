"""The HTTP application of some features on a real database, called by people of several tenants."""

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from intercanal.infra.bus.memory import MemoryStreams
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Feature
from intercanal.infra.http.app import HttpServices, build_app
from intercanal.infra.http.door import DoorServices
from intercanal.infra.http.principal import CredentialScope, Principal
from intercanal.infra.live.client import Key, Outcome
from intercanal.infra.outbox.delivery import Codec, Delivery
from intercanal.kernel.clock import ManualClock
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Command, Words
from intercanal.tenancy import service
from intercanal.tenancy.schemas import NewTenant
from tests.fixtures.servers import Urls

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class NoLiveCore:
    """Settings features leave nothing for the live core."""

    async def submit(
        self, tenant_id: TenantId, command: Command, *, actor: str, key: Key | None = None, words: Sequence[Words] = ()
    ) -> Outcome:
        raise AssertionError(f"{type(command).__name__} was not expected")


class Caller:
    """Somebody with a key; POST carries a fresh Idempotency-Key."""

    def __init__(self, client: httpx.AsyncClient, principal: Principal) -> None:
        self.principal = principal
        self._client = client

    @property
    def tenant_id(self) -> TenantId:
        return self.principal.tenant_id

    async def call(self, method: str, path: str, body: object = None, **query: str | int) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.principal.id}"}
        if method == "POST":
            headers["idempotency-key"] = str(uuid.uuid4())
        content = None if body is None else msgspec.json.encode(body)
        return await self._client.request(method, path, content=content, params=query, headers=headers)

    async def get(self, path: str, **query: str | int) -> Any:
        return _good(await self.call("GET", path, **query))

    async def post(self, path: str, body: object) -> Any:
        return _good(await self.call("POST", path, body))

    async def put(self, path: str, body: object) -> Any:
        return _good(await self.call("PUT", path, body))

    async def patch(self, path: str, body: object) -> Any:
        return _good(await self.call("PATCH", path, body))

    async def refused(self, status: int, method: str, path: str, body: object = None, **query: str | int) -> Any:
        """Make a call that is refused with problem details; returns them."""
        answer = await self.call(method, path, body, **query)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()


class House:
    """Tenants and their callers around one application."""

    def __init__(self, client: httpx.AsyncClient, database: Database, permissions: frozenset[str]) -> None:
        self.client = client
        self.database = database
        self.streams = MemoryStreams()
        self._permissions = permissions
        self._principals: dict[str, Principal] = {}

    async def tenant(self, name: str = "One", **given: str) -> Caller:
        """Make a tenant; returns its administrator."""
        tenant_id = TenantId(new_id(self.database.clock.now()))
        async with self.database.unit_of_work(tenant_id) as uow:
            await service.create_tenant(uow, NewTenant(name=name, **given))
            await uow.commit()
        return self.caller(tenant_id)

    def caller(self, tenant_id: TenantId, permissions: Iterable[str] | None = None) -> Caller:
        """Let somebody with some permissions, else all, into a tenant."""
        allowed = self._permissions if permissions is None else frozenset(permissions)
        principal = Principal(tenant_id, new_id(self.database.clock.now()), "key", allowed)
        self._principals[principal.id] = principal
        return Caller(self.client, principal)

    async def authenticate(self, credential: str, scope: CredentialScope) -> Principal | None:
        return self._principals.get(credential)


@asynccontextmanager
async def open_house(urls: Urls, features: Sequence[Feature]) -> AsyncIterator[House]:
    """Build the application of these features on a database."""
    database = Database(urls.app, clock=ManualClock(NOW), pool_size=8)
    permissions = frozenset(permission for feature in features for permission in feature.permissions)
    async with httpx.AsyncClient(base_url="http://127.0.0.1") as client:
        house = House(client, database, permissions)
        live = NoLiveCore()
        delivery = Delivery(database, live, house.streams, Codec(()))
        services = HttpServices(DoorServices(database, live, delivery, b"a key of the tests"), house.authenticate)
        app: Any = build_app(features, services)
        client._transport = httpx.ASGITransport(app)
        yield house
    await database.close()


def _good(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    return answer.json() if answer.content else None

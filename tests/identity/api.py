"""The application with identity alone, over HTTP as a browser or a robot meets it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec

from intercanal.identity import service
from intercanal.identity.adapters.argon2 import Argon2Passwords
from intercanal.identity.endpoints.authenticator import TokenAuthenticator
from intercanal.identity.endpoints.desk import Desk
from intercanal.identity.feature import feature
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Feature
from intercanal.infra.http.app import HttpOptions, HttpServices, build_app
from intercanal.infra.http.door import DoorServices
from intercanal.infra.http.principal import SESSION_COOKIE
from intercanal.infra.outbox.delivery import Codec, Delivery, Published
from intercanal.kernel.clock import ManualClock
from intercanal.kernel.ids import TenantId, new_id
from intercanal.tenancy.schemas import NewTenant
from intercanal.tenancy.service import create_tenant
from tests.infra.sample import RecordingLive, RecordingStream

BASE = "https://desk.test"
PASSWORD = "a long enough pass phrase 1"
OTHERS = Feature(name="others", permissions=("people.read", "people.manage", "routing.supervise", "mail.work"))


class Installation:
    """A running product as far as identity goes: its HTTP, its stream, its clock."""

    def __init__(self, app_url: str, clock: ManualClock) -> None:
        self.clock = clock
        self.database = Database(app_url, clock=clock, pool_size=5, observers=(service.note_settings,))
        self.passwords = Argon2Passwords(threads=1, waiting=4)
        self.stream = RecordingStream()
        self.seconds = 0.0
        catalogue = frozenset(feature.permissions) | frozenset(OTHERS.permissions)
        self.catalogue = catalogue
        self.authenticator = TokenAuthenticator(self.database, catalogue, monotonic=lambda: self.seconds)
        live = RecordingLive()
        delivery = Delivery(self.database, live, self.stream, Codec([]))
        services = HttpServices(
            doors=DoorServices(self.database, live, delivery, b"a key of the tests"),
            authenticate=self.authenticator,
            extras={"identity": Desk(self.database, self.passwords, catalogue)},
        )
        self.app: Any = build_app([feature, OTHERS], services, HttpOptions())

    async def tenant(self, name: str, email: str = "admin@example.org") -> tuple[TenantId, str]:
        """Make a tenant as the bootstrap does; returns its id and the administrator's key."""
        tenant_id = TenantId(new_id(self.clock.now()))
        async with self.database.unit_of_work(tenant_id, "bootstrap") as uow:
            await create_tenant(uow, NewTenant(name=name))
            _, key = await service.create_admin(uow, email, name, PASSWORD)
            await uow.commit()
        return tenant_id, key

    @contextlib.asynccontextmanager
    async def client(self, key: str | None = None, address: str = "192.0.2.1") -> AsyncIterator[httpx.AsyncClient]:
        """A browser of our own page, or a robot with a key."""
        headers = {"origin": BASE} if key is None else {"authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
            yield client

    def told(self, kind: str) -> list[Any]:
        """The facts of a kind that were published."""
        bodies = [body for subject, body in self.stream.kept.values() if subject.endswith(kind)]
        return [msgspec.json.decode(msgspec.json.decode(body, type=Published).event) for body in bodies]

    async def hear_all(self) -> None:
        """Bring what was published to the authenticator, as the bus does."""
        for subject, body in list(self.stream.kept.values()):
            if subject.endswith(("identity.session_ended", "identity.rights_changed")):
                await self.authenticator.hear(subject, body)

    async def close(self) -> None:
        self.passwords.close()
        await self.database.close()


async def sign_in(client: httpx.AsyncClient, email: str = "admin@example.org", **more: str) -> httpx.Response:
    body = {"email": email, "password": PASSWORD} | more
    return await client.post("/api/identity/sign-in", json=body)


def cookie_of(client: httpx.AsyncClient) -> str | None:
    return client.cookies.get(SESSION_COOKIE)

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intercanal.identity import service
from intercanal.identity.adapters.heads import FolderHeads
from intercanal.identity.domain.tokens import parse
from intercanal.infra.db.database import Database
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.principal import Principal
from intercanal.kernel.clock import ManualClock
from intercanal.kernel.ids import TenantId, new_id
from tests.fixtures.servers import Urls
from tests.identity.api import Installation

CATALOGUE = frozenset(
    {"identity.manage", "identity.audit", "people.read", "people.manage", "routing.supervise", "mail.work"}
)
PASSWORD = "a long enough pass phrase 1"


class House:
    """A tenant of its own in the module's database, and a clock that moves when told."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.tenant_id = TenantId(new_id(datetime.now(UTC)))

    def other_tenant(self) -> "House":
        return House(self.database, self.clock)

    @asynccontextmanager
    async def write(self, actor: str | None = "somebody") -> AsyncIterator[UnitOfWork]:
        async with self.database.unit_of_work(self.tenant_id, actor) as uow:
            yield uow
            await uow.commit()

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.database.unit_of_work(self.tenant_id, read_only=True)

    async def admin(self, email: str = "admin@example.org") -> tuple[str, str]:
        async with self.write(None) as uow:
            return await service.create_admin(uow, email, "The Admin", PASSWORD)

    async def who(self, text: str) -> Principal | None:
        """Look a token up as a door would."""
        token = parse(text)
        assert token is not None
        async with self.write(None) as uow:
            found = await service.open_digests(uow, [token], CATALOGUE)
        access = found.get(token.digest)
        return access.principal if access else None

    async def principal(self, text: str) -> Principal:
        found = await self.who(text)
        assert found is not None
        return found

    async def sign_in(self, user_id: str) -> str:
        async with self.write(user_id) as uow:
            return service.open_session(uow, user_id, "192.0.2.0/24")

    async def chained(self) -> list[str]:
        """The actions in the audit, once everything waiting has its place."""
        async with self.write(None) as uow:
            await service.chain_pending(uow)
        async with self.read() as uow:
            page = await service.list_audit(uow, None, 200)
        return [line.action for line in page.items]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
async def house(database: Urls, clock: ManualClock) -> AsyncIterator[House]:
    opened = Database(database.app, clock=clock, pool_size=5)
    yield House(opened, clock)
    await opened.close()


@pytest.fixture
def archive(tmp_path: Path) -> FolderHeads:
    return FolderHeads(tmp_path / f"audit-{os.getpid()}")


@pytest.fixture
async def installation(fresh_database: Urls, clock: ManualClock) -> AsyncIterator[Installation]:
    made = Installation(fresh_database.app, clock)
    yield made
    await made.close()

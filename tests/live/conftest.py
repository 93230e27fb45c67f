"""An engine on a real journal, with the toy component's table beside the product's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg
import pytest

from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.engine import Bounds, Engine
from intercanal.infra.live.journal import Journal
from intercanal.kernel.clock import Clock, SystemClock
from intercanal.kernel.ids import TenantId, new_id
from tests.fixtures.servers import Urls
from tests.live import toy

TOY_TABLES = """
CREATE TABLE toy_accounts (tenant_id uuid, domain_id uuid, id uuid, total bigint CHECK (total < 1000000),
  closed boolean, wakes_at timestamptz, notes jsonb, PRIMARY KEY (tenant_id, id));
CREATE TABLE toy_words (tenant_id uuid, message_id uuid, text text, extra jsonb, PRIMARY KEY (tenant_id, message_id));
GRANT SELECT, INSERT, UPDATE ON toy_accounts, toy_words TO intercanal_journal;
"""


def tenant() -> TenantId:
    return TenantId(new_id(SystemClock().now()))


@dataclass
class Bench:
    """Makes engines on one database, as successive or rival owners."""

    urls: Urls
    pools: list[asyncpg.Pool] = field(default_factory=list)
    engines: list[Engine] = field(default_factory=list)

    async def engine(self, bounds: Bounds | None = None, clock: Clock | None = None, url: str | None = None) -> Engine:
        pool = await asyncpg.create_pool(url or self.urls.journal, min_size=1, max_size=4)
        core = LiveCore([toy.component])
        engine = Engine(core, Journal(pool, core, "test"), clock or SystemClock(), bounds=bounds)
        self.pools.append(pool)
        self.engines.append(engine)
        return engine

    async def query(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.urls.superuser)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()


@pytest.fixture
async def bench(fresh_database: Urls) -> AsyncIterator[Bench]:
    connection = await asyncpg.connect(fresh_database.owner)
    await connection.execute(TOY_TABLES)
    await connection.close()
    made = Bench(fresh_database)
    yield made
    for engine in made.engines:
        await asyncio.wait_for(engine.drain(), 10)
    for pool in made.pools:
        pool.terminate()


async def until(test: Callable[[], Awaitable[object]], seconds: float = 10.0) -> None:
    """Wait for something that another task brings about; fails loudly when it does not come."""
    async with asyncio.timeout(seconds):
        while not await test():  # noqa: ASYNC110 - a test may look again and again; the product may not
            await asyncio.sleep(0.01)

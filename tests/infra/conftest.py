"""A bench with the sample feature, on a database emptied before each test."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.fixtures.servers import Urls
from tests.infra.sample import Bench, make_notes_table

_OURS = "infra_outbox, infra_idempotency, infra_settings, infra_erasures, sample_notes"


@pytest.fixture
async def bench(database: Urls) -> AsyncIterator[Bench]:
    connection = await asyncpg.connect(database.owner)
    try:
        if not await connection.fetchval("SELECT to_regclass('sample_notes')"):
            await make_notes_table(connection)
        await connection.execute(f"TRUNCATE {_OURS}")
    finally:
        await connection.close()
    made = Bench(database.app)
    yield made
    await made.database.close()

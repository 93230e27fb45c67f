from collections.abc import AsyncIterator

import asyncpg
import pytest

from intercanal.customers.feature import feature as customers
from intercanal.tenancy.feature import feature as tenancy
from tests.fixtures.servers import Urls
from tests.tenancy.api import Caller, House, open_house


@pytest.fixture
async def house(database: Urls) -> AsyncIterator[House]:
    async with open_house(database, [tenancy, customers]) as house:
        yield house


@pytest.fixture
async def admin(house: House) -> Caller:
    return await house.tenant()


@pytest.fixture
async def owner(database: Urls) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the tables, in a transaction that leaves nothing."""
    connection = await asyncpg.connect(database.owner)
    transaction = connection.transaction(isolation="read_committed")
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()

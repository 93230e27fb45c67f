from collections.abc import AsyncIterator

import pytest

from intercanal.tenancy.feature import feature
from tests.fixtures.servers import Urls
from tests.tenancy.api import Caller, House, open_house


@pytest.fixture
async def house(database: Urls) -> AsyncIterator[House]:
    async with open_house(database, [feature]) as house:
        yield house


@pytest.fixture
async def admin(house: House) -> Caller:
    return await house.tenant()

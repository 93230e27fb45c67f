from collections.abc import AsyncIterator

import pytest

from intercanal.people.feature import feature
from tests.fixtures.servers import Urls
from tests.people.api import Api, serving


@pytest.fixture
async def api(database: Urls) -> AsyncIterator[Api]:
    """People alone, on a real database and a real live core."""
    async with serving(database, [feature]) as served:
        yield served

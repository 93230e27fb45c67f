from collections.abc import AsyncIterator

import pytest

from intercanal.interactions.feature import feature as interactions
from intercanal.people.feature import feature as people
from intercanal.routing.feature import feature as routing
from intercanal.tenancy.feature import feature as tenancy
from tests.fixtures.servers import Urls
from tests.people.api import Api, serving


@pytest.fixture
async def api(database: Urls) -> AsyncIterator[Api]:
    """Routing with the floors below it, on a real database and a real live core."""
    async with serving(database, [tenancy, people, interactions, routing]) as served:
        yield served

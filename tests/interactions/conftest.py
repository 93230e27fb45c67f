from collections.abc import AsyncIterator

import pytest

from intercanal.customers.feature import feature as customers
from intercanal.interactions.feature import feature as interactions
from intercanal.people.feature import feature as people
from tests.fixtures.servers import Urls
from tests.interactions.centre import Centre, make_centre
from tests.interactions.desk import desk
from tests.people.api import Api, serving


@pytest.fixture
async def api(database: Urls) -> AsyncIterator[Api]:
    """People and interactions on a real database and a real live core, with the floors around them in small."""
    async with serving(database, [people, customers, interactions], [desk]) as served:
        yield served


@pytest.fixture
async def centre(api: Api) -> Centre:
    """A tenant with two queues and two agents who are there."""
    return await make_centre(api)

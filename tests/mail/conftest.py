"""A running program for each test that asks for the post, on a database of its module."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.servers import Urls
from tests.mail.post import Post, running


@pytest.fixture
async def post(database: Urls) -> AsyncIterator[Post]:
    async with running(database) as made:
        yield made

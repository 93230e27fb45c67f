"""One running product for each worker of the test run, and a tenant of its own for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.journeys.people import Centre
from tests.journeys.product import Product, running


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The whole product, from an empty folder."""
    with running() as made:
        yield made


@pytest.fixture
async def centre(product: Product) -> AsyncIterator[Centre]:
    """A tenant of one test alone."""
    made = await Centre.make(product)
    yield made
    await made.close()

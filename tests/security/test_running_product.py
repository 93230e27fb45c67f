"""The whole product as it runs: who it is to the database, and how little it asks when nobody asks anything."""

import asyncio
from collections.abc import Iterator

import asyncpg
import httpx
import pytest

from intercanal.infra.db.catalogue import find_leaks, find_mighty_connections
from tests.journeys.product import Product, running

pytestmark = pytest.mark.server

ASKED = r"""
SELECT coalesce(sum(calls), 0)::int AS calls, coalesce(string_agg(calls || ' x ' || query, '; '), '') AS queries
FROM pg_stat_statements WHERE query NOT LIKE '%pg\_stat\_statements%'
"""
IDLE_S = 60


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with running() as made:
        yield made


async def test_its_connections_are_of_the_two_lesser_roles_and_its_tables_have_no_leak(product: Product) -> None:
    key = (await product.tenant("Roles"))["api_key"]
    async with httpx.AsyncClient(base_url=product.base, headers={"authorization": f"Bearer {key}"}) as client:
        assert (await client.post("/api/routing/queues", json={"name": "Help"})).status_code == 201
        assert (await client.get("/api/routing/queues")).status_code == 200
    seen = await product.query(
        "SELECT DISTINCT usename::text AS role FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    assert {row["role"] for row in seen} == {"intercanal_app", "intercanal_journal"}
    connection = await asyncpg.connect(product.urls.superuser)
    assert await find_mighty_connections(connection) == []
    assert await find_leaks(connection) == []
    await connection.close()


async def test_an_idle_server_asks_the_database_at_most_twice_a_minute(product: Product) -> None:
    # What the test before left to do - chains, timelines, positions - is first brought to its end.
    await asyncio.sleep(10)
    await product.query("SELECT pg_stat_statements_reset()")
    await asyncio.sleep(IDLE_S)
    asked = (await product.query(ASKED))[0]
    assert asked["calls"] <= 2 * IDLE_S / 60, asked["queries"]

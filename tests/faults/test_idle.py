"""An idle server leaves its database alone."""

import asyncio
from typing import Any

import pytest

from tests.faults.traffic import say
from tests.journeys.people import Centre, Screen, letter, post_mail
from tests.journeys.product import Product, running

pytestmark = [pytest.mark.server, pytest.mark.slow]

QUERIES_A_MINUTE = 2

_CALLS = """
SELECT s.calls, r.rolname, s.query FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
WHERE s.query NOT LIKE '%pg_stat_statements%' AND s.calls > 0 ORDER BY s.calls DESC
"""


async def asked_in_a_minute(product: Product) -> list[Any]:
    await product.query("SELECT pg_stat_statements_reset()")
    await asyncio.sleep(60)
    return await product.query(_CALLS)


@pytest.mark.timeout(300)
async def test_an_idle_server_asks_at_most_two_queries_a_minute() -> None:
    with running() as product:
        await product.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        centre = await Centre.make(product)
        address = await centre.mailbox(await centre.queue())
        ana = await centre.agent()
        async with Screen(ana) as desk:
            await desk.is_open()
            await post_mail(product, letter(address))
            work = await ana.accept()
            await ana.post(f"/api/interactions/{work}/messages", {"text": "done"})
            await asyncio.sleep(10)  # what began is over: the answer has left, positions are kept
            asked = await asked_in_a_minute(product)
            await desk.agrees()
        for row in asked:
            say(f"{row['calls']} x {row['rolname']}: {row['query'][:300]}")
        assert sum(row["calls"] for row in asked) <= QUERIES_A_MINUTE
        await centre.close()

"""kill -9 in mid-traffic: what was acknowledged is there, nothing is an orphan, and the screens are right again."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from intercanal.apps.live import make_core
from intercanal.infra.live.replay import replay
from intercanal.kernel.ids import TenantId
from tests.faults.traffic import Traffic, say
from tests.journeys.people import Centre
from tests.journeys.product import Product, running, until

pytestmark = pytest.mark.server

VICTIMS = ("core", "work", "postgres", "nats")


@pytest.fixture
async def traffic() -> AsyncIterator[Traffic]:
    with running() as product:
        centre = await Centre.make(product)
        made = Traffic(centre, seed=1)
        yield made
        await made.leave()
        await centre.close()


async def kill_and_look(traffic: Traffic, victim: str, wait_s: float) -> tuple[float, float]:
    """Kill after a moment of traffic; say how long the product was away, and how long until all screens were right."""
    product = traffic.centre.product
    await asyncio.sleep(wait_s)
    killed = time.monotonic()
    pid = await asyncio.to_thread(product.kill, victim)

    async def another() -> bool:
        return product.child(victim) not in {None, pid}

    await until(another, 60, f"{victim} restarted")
    await asyncio.to_thread(product.wait_ready)
    back = time.monotonic() - killed
    await asyncio.gather(*(screen.is_open(60) for screen in traffic.screens))
    await asyncio.gather(*(screen.agrees(30) for screen in traffic.screens))
    return back, time.monotonic() - killed


async def torment(traffic: Traffic, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    await traffic.begin()
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(kills)]
    chance.shuffle(victims)
    for number, victim in enumerate(victims):
        back, right = await kill_and_look(traffic, victim, chance.random() * 0.8)
        say(f"kill {number} {victim}: ready after {back:.2f} s, screens right after {right:.2f} s")
    await asyncio.sleep(1)
    await traffic.end()
    await settled(traffic)
    assert traffic.diary.odd == []
    diary = traffic.diary
    say(f"acknowledged: {len(diary.opened)} opened, {len(diary.mails)} mails, {len(diary.closed)} closed")
    say(f"asked again: {dict(diary.again)}")


async def settled(traffic: Traffic) -> None:
    """Nothing acknowledged is missing, answers have left once, and the day re-runs identically."""
    centre = traffic.centre

    async def left() -> bool:
        waiting = "SELECT 1 FROM mail_outgoing WHERE tenant_id = $1 AND state = 'waiting'"
        return not await centre.product.query(waiting, centre.tenant_id)

    await until(left, 60, "answers leave")
    assert await traffic.missing() == []
    assert len(traffic.diary.opened) > 10
    assert len(traffic.diary.closed) > 10
    await identical(centre.product, TenantId(centre.tenant_id))


async def identical(product: Product, tenant_id: TenantId, at_least: int = 50) -> None:
    """Decide the whole day again."""
    now = datetime.now(UTC)
    async with asyncpg.create_pool(product.urls.journal, min_size=1, max_size=1) as pool:
        found = await replay(pool, make_core(), tenant_id, now - timedelta(days=1), now + timedelta(days=1))
    assert found.differences == ()
    assert found.decisions >= at_least


@pytest.mark.timeout(400)
async def test_twenty_kills_in_mid_traffic(traffic: Traffic) -> None:
    await torment(traffic, kills=20, seed=20)


@pytest.mark.soak
async def test_two_hundred_kills_in_mid_traffic(traffic: Traffic) -> None:
    await torment(traffic, kills=200, seed=200)

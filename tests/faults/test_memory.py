"""Memory stays flat under traffic: what ended leaves, and what is kept is bounded."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.traffic import Traffic, say
from tests.journeys.people import Centre
from tests.journeys.product import Product, running

pytestmark = pytest.mark.server

ROLES = ("core", "work")


def resident_mb(product: Product, role: str) -> float:
    pid = product.child(role)
    assert pid is not None
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


async def grown_mb(warm_up_s: float, run_s: float) -> dict[str, float]:
    """Return how much each process grew after the warm-up, while nobody restarted it."""
    with running() as product:
        centre = await Centre.make(product)
        traffic = Traffic(centre, seed=4)
        try:
            await traffic.begin()
            await asyncio.sleep(warm_up_s)
            pids = {role: product.child(role) for role in ROLES}
            before, done = {role: resident_mb(product, role) for role in ROLES}, len(traffic.diary.closed)
            began = time.monotonic()
            await asyncio.sleep(run_s)
            after = {role: resident_mb(product, role) for role in ROLES}
            assert {role: product.child(role) for role in ROLES} == pids
            await traffic.end()
            ended = len(traffic.diary.closed) - done
            say(f"{ended} contacts in {time.monotonic() - began:.0f} s; MB before {before}, after {after}")
            assert ended > run_s / 2
            assert await traffic.missing() == []
        finally:
            await traffic.leave()
            await centre.close()
    return {role: after[role] - before[role] for role in ROLES}


@pytest.mark.timeout(180)
async def test_memory_grows_by_no_more_than_its_bounded_memories_allow() -> None:
    # rings of events and answers still fill in so short a time: a leak of a message would be ten times this
    grown = await grown_mb(warm_up_s=8, run_s=15)
    assert all(mb < 40 for mb in grown.values()), grown


@pytest.mark.soak
async def test_memory_stays_flat_for_an_hour() -> None:
    grown = await grown_mb(warm_up_s=1200, run_s=3600)
    assert all(mb < 60 for mb in grown.values()), grown

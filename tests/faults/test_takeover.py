"""An owner that is killed on the spot: how long nobody is served (told, not judged: that is a matter of the bench)."""

import asyncio
import time

import httpx
import pytest

from tests.faults.traffic import say
from tests.journeys.people import Agent, Centre
from tests.journeys.product import Product

pytestmark = pytest.mark.server


async def pause_of(product: Product, victim: str, agent: Agent) -> float:
    """Kill, and ask for a durable change until one is answered."""
    await asyncio.to_thread(product.kill, victim)
    began = time.monotonic()
    state = "paused"
    while time.monotonic() - began < 60:
        try:
            answer = await agent.ask("PUT", "/api/people/me/presence", {"state": state})
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.is_success:
            return time.monotonic() - began
        await asyncio.sleep(0.02)
    raise AssertionError(f"{victim} did not come back: {product.last_lines()}")


@pytest.mark.parametrize("victim", ["core", "postgres", "nats"])
async def test_the_pause_after_a_kill_ends_by_itself(product: Product, centre: Centre, victim: str) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    work = await centre.work(queue)
    await ana.accept(work)
    say(f"{victim} killed: {await pause_of(product, victim, ana):.2f} s until a change was durable again")
    await asyncio.to_thread(product.wait_ready)
    assert (await centre.look(work))["agent_id"] == ana.id
    await ana.be("available")
    await ana.accept(await centre.work(queue))

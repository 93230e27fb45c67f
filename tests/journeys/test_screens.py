"""Desktop truth: snapshot plus events is a fresh snapshot, on every tab, after a cut, and without asking twice."""

import asyncio
import random

import pytest

from tests.journeys.people import Agent, Centre, Screen
from tests.journeys.product import until

pytestmark = pytest.mark.server


async def a_day(centre: Centre, queue: str, agent: Agent, seed: int, steps: int = 25) -> None:
    """Seeded comings and goings of one agent."""
    chance = random.Random(seed)
    for _ in range(steps):
        snapshot = await agent.get("/api/realtime/snapshot")
        step = chance.choice(["work", "presence", "offer", "close", "pause_after"])
        if step == "work":
            await centre.work(queue)
        elif step == "presence":
            await agent.be(chance.choice(["available", "available", "paused", "offline"]))
        elif step == "offer" and snapshot["offers"]:
            verb = chance.choice(["accept", "accept", "decline"])
            await agent.ask("POST", f"/api/routing/offers/{snapshot['offers'][0]['id']}/{verb}", {})
        elif step == "close" and snapshot["work"]:
            await agent.ask("POST", f"/api/interactions/{chance.choice(snapshot['work'])['id']}/close", {})
        elif step == "pause_after":
            await agent.ask("POST", "/api/people/me/pause-after", {})


async def test_snapshot_and_events_are_a_fresh_snapshot_on_every_tab(centre: Centre) -> None:
    queue = await centre.queue()
    ana, bob = await centre.agent(), await centre.agent()
    async with Screen(ana) as desk, Screen(bob) as other:
        await asyncio.gather(desk.is_open(), other.is_open())
        async with Screen(ana) as tab:
            await tab.is_open()
            await asyncio.gather(a_day(centre, queue, ana, 1), a_day(centre, queue, bob, 2))
            for screen in (desk, tab, other):
                await screen.agrees()
            assert tab.view.sequence == desk.view.sequence
        await a_day(centre, queue, ana, 3, steps=8)
        await desk.agrees()
        assert desk.resets == 0
        assert (await ana.get("/api/people/me"))["connected"] or desk.view.presence["state"] == "offline"


async def test_coming_back_inside_the_ring_costs_no_snapshot(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    async with Screen(ana) as desk:
        await desk.is_open()
        taken = ana.snapshots
        for number in range(4):
            await desk.cut()
            await a_day(centre, queue, ana, number, steps=6)
            desk.start()
            await desk.is_open()
            await desk.agrees()
        assert ana.snapshots == taken
        assert desk.resets == 0


async def test_a_lost_screen_stops_offers_at_once_and_one_that_comes_back_gets_them(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    async with Screen(ana) as desk:
        await desk.is_open()
        await desk.cut()

        async def gone() -> bool:
            return not (await ana.get("/api/people/me"))["connected"]

        await until(gone, what="the lost socket is noticed")
        work = await centre.work(queue)
        assert (await centre.look(work))["state"] == "queued"
        assert (await ana.get("/api/people/me"))["presence"] == "available"
        desk.start()
        await desk.is_open()
        await ana.shown(work)
        await desk.agrees()


async def test_a_second_tab_that_closes_changes_nothing(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    async with Screen(ana) as desk:
        await desk.is_open()
        async with Screen(ana) as tab:
            await tab.is_open()
            await tab.cut()
        work = await centre.work(queue)
        await ana.accept(work)
        await desk.agrees()


async def test_a_token_that_never_opened_a_screen_is_present(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    await ana.accept(await centre.work(queue))


async def test_a_screen_hears_only_what_concerns_it(centre: Centre) -> None:
    queue = await centre.queue()
    ana, bob = await centre.agent(), await centre.agent(state="paused")
    async with Screen(bob) as desk:
        await desk.is_open()
        before = desk.view.sequence
        await ana.close_work(await ana.accept(await centre.work(queue)))
        await bob.be("available")

        async def heard() -> bool:
            return bool(desk.view.presence["state"] == "available")

        await until(heard)
        assert desk.view.sequence > before + 1
        await desk.agrees()


@pytest.mark.slow
async def test_after_a_minute_without_a_screen_what_is_shown_and_chats_return_and_mail_stays(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    chat = await centre.work(queue, channel="chat")
    await ana.accept(chat)
    task = await centre.work(queue)
    await ana.accept(task)
    async with Screen(ana) as desk:
        await desk.is_open()
        shown = await centre.work(queue)
        await ana.shown(shown)
        # an offer lives for 30 s by default, so its return by then is the offer's own; the chat proves the minute
        await desk.cut()
    await centre.in_state(chat, "queued", seconds=75)
    assert (await centre.look(task))["state"] == "held"
    assert (await centre.look(shown))["state"] == "queued"

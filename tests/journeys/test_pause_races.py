"""After a pause has answered 200, an unaccepted offer is withdrawn and none appears, however the requests meet."""

import asyncio
import random

import pytest

from tests.journeys.people import Centre

pytestmark = pytest.mark.server

ROUNDS = 25


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_offer_after_a_pause(centre: Centre, seed: int) -> None:
    chance = random.Random(seed)
    queue = await centre.queue()
    ana = await centre.agent(state=None)
    held: set[str] = set()
    for _ in range(ROUNDS):
        await ana.be("available")
        arriving = [asyncio.create_task(centre.work(queue)) for _ in range(chance.randrange(3))]
        offer = await ana.offered()
        wishes = [asyncio.create_task(ana.ask("PUT", "/api/people/me/presence", {"state": "paused"}))]
        if offer and chance.random() < 0.6:
            path = f"/api/routing/offers/{offer['id']}/{chance.choice(['accept', 'decline'])}"
            wishes.insert(chance.randrange(2), asyncio.create_task(ana.ask("POST", path, {})))
        answers = await asyncio.gather(*wishes)
        assert all(answer.status_code in {200, 409} for answer in answers), [a.text for a in answers]
        after = await ana.snapshot()
        assert after["offers"] == []
        assert after["presence"]["state"] == "paused"
        await asyncio.gather(*arriving)
        assert (await ana.snapshot())["offers"] == []
        held = {work["id"] for work in after["work"]}
        for work in held:
            await ana.close_work(work)
    live = await centre.admin.get(f"/api/routing/queues/{queue}/live")
    assert live["offered"] == 0
    assert live["held"] == 0


async def test_pauses_and_offers_of_many_agents_at_once(centre: Centre) -> None:
    queue = await centre.queue()
    agents = [await centre.agent() for _ in range(4)]
    work = await asyncio.gather(*(centre.work(queue) for _ in range(30)))

    async def live(agent_number: int) -> None:
        agent, chance = agents[agent_number], random.Random(agent_number)
        for _ in range(8):
            await agent.be("available")
            offer = await agent.offered()
            if offer:
                verb = chance.choice(["accept", "accept", "decline"])
                await agent.ask("POST", f"/api/routing/offers/{offer['id']}/{verb}", {})
            await agent.be("paused")
            snapshot = await agent.snapshot()
            assert snapshot["offers"] == []
            for held in snapshot["work"]:
                await agent.close_work(held["id"])

    await asyncio.gather(*(live(number) for number in range(len(agents))))
    states = [(await centre.look(one))["state"] for one in work]
    assert set(states) <= {"queued", "closed"}
    assert "closed" in states

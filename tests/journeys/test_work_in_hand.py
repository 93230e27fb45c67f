"""What agents do with work: hand it over, put it away until a date, say not now - and it keeps its original place."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.people import Centre

pytestmark = pytest.mark.server


async def test_a_transfer_to_a_queue_keeps_arrival_and_note(centre: Centre) -> None:
    first, second = await centre.queue(), await centre.queue(skills={await skill(centre): 1})
    ana = await centre.agent()
    expert = await centre.agent(skills={await skill(centre): 1}, state=None)
    work = await centre.work(first)
    await ana.accept(work)
    arrived = (await centre.look(work))["arrived_at"]
    await ana.post(f"/api/interactions/{work}/transfer", {"queue_id": second, "note": "needs an expert"})
    await expert.be("available")
    await expert.accept(work)
    seen = await centre.look(work)
    assert (seen["agent_id"], seen["queue_id"], seen["arrived_at"]) == (expert.id, second, arrived)
    notes = [message for message in seen["messages"] if message["direction"] == "note"]
    assert [note["text"] for note in notes] == ["needs an expert"]


async def skill(centre: Centre) -> str:
    """The one skill of a tenant, made at the first call."""
    known = (await centre.admin.get("/api/people/skills"))["items"]
    made = known[0] if known else await centre.admin.post("/api/people/skills", {"name": "expert"})
    return str(made["id"])


async def test_a_transfer_to_an_agent_is_theirs_alone(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    work = await centre.work(queue)
    await ana.accept(work)
    bob, eve = await centre.agent(state="paused"), await centre.agent()
    await ana.post(f"/api/interactions/{work}/transfer", {"agent_id": bob.id, "note": "as we said"})
    assert (await centre.look(work))["state"] == "queued"
    assert await eve.offered() is None
    await bob.be("available")
    await bob.accept(work)
    assert (await centre.look(work))["agent_id"] == bob.id


async def test_a_recipient_who_leaves_gives_the_work_back_to_everybody(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    work = await centre.work(queue)
    await ana.accept(work)
    bob, eve = await centre.agent(state="paused"), await centre.agent()
    await ana.post(f"/api/interactions/{work}/transfer", {"agent_id": bob.id})
    await ana.be("paused")
    await bob.be("offline")
    await eve.accept(work)


async def test_nobody_transfers_what_they_do_not_hold(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    work = await centre.work(queue)
    await ana.accept(work)
    eve = await centre.agent()
    refusal = await eve.refused("POST", f"/api/interactions/{work}/transfer", {"queue_id": queue})
    assert refusal == (409, "interactions.not_held_by_you")
    assert (await centre.look(work))["agent_id"] == ana.id


async def test_what_was_put_away_comes_back_on_its_date_in_its_original_place(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    early = await centre.work(queue)
    await ana.accept(early)
    arrived = (await centre.look(early))["arrived_at"]
    await ana.be("paused")
    late = await centre.work(queue)
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    await ana.post(f"/api/interactions/{early}/snooze", {"until": until.isoformat()})
    assert (await centre.look(early))["state"] == "scheduled"
    back = await centre.in_state(early, "queued")
    assert back["arrived_at"] == arrived
    waiting = (await centre.admin.get(f"/api/routing/queues/{queue}/live"))["waiting"]
    assert [work["interaction_id"] for work in waiting] == [early, late]
    await ana.be("available")
    assert (await ana.shown())["interaction_id"] == early


async def test_a_customer_who_writes_wakes_what_sleeps(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    work = await centre.work(queue)
    await ana.accept(work)
    until = datetime.now(UTC) + timedelta(days=3)
    await ana.post(f"/api/interactions/{work}/snooze", {"until": until.isoformat()})
    await centre.admin.post(f"/api/interactions/{work}/incoming", {"text": "it is urgent now"})
    await ana.accept(work)


async def test_declined_work_keeps_its_place_and_its_decliner_is_paused(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    first = await centre.work(queue)
    offer = await ana.shown(first)
    second = await centre.work(queue)
    await ana.post(f"/api/routing/offers/{offer['id']}/decline", {})
    snapshot = await ana.snapshot()
    assert snapshot["presence"]["state"] == "paused"
    assert snapshot["offers"] == []
    bob = await centre.agent()
    assert (await bob.shown())["interaction_id"] == first
    await ana.be("available")
    assert (await ana.shown())["interaction_id"] == second


async def test_a_missed_offer_returns_and_pauses_who_missed_it(centre: Centre) -> None:
    queue = await centre.queue(offer_timeout_s=5)
    ana = await centre.agent()
    work = await centre.work(queue)
    offer = await ana.shown(work)
    back = await centre.in_state(work, "queued")
    assert (await ana.snapshot())["presence"]["state"] == "paused"
    refusal = await ana.refused("POST", f"/api/routing/offers/{offer['id']}/accept", {})
    assert refusal[0] == 409
    assert back["agent_id"] is None


async def test_pause_after_this_one(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    work = await centre.work(queue)
    await ana.accept(work)
    asked = await ana.post("/api/people/me/pause-after", {})
    assert asked == {"state": "available", "pause_after": True}
    waiting = await centre.work(queue)
    assert (await centre.look(waiting))["state"] == "queued"
    await ana.close_work(work)
    snapshot = await ana.snapshot()
    assert snapshot["presence"] == {"state": "paused", "pause_after": False}
    assert snapshot["offers"] == []

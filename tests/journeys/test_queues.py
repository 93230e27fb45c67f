"""Queues over the API of the running product: hours, overflow, circles, capacity."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.people import Centre
from tests.journeys.product import until

pytestmark = pytest.mark.server

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


async def calendar(centre: Centre, hours: list[dict[str, str]], zone: str = "UTC") -> str:
    made = await centre.admin.post("/api/tenancy/calendars", {"name": "Hours", "timezone": zone, "hours": hours})
    return str(made["id"])


async def test_a_closed_queue_offers_nothing_and_keeps_what_came(centre: Centre) -> None:
    tomorrow = DAYS[(datetime.now(UTC) + timedelta(days=2)).weekday()]
    closed = await calendar(centre, [{"day": tomorrow, "from": "09:00", "to": "10:00"}])
    queue = await centre.queue(calendar_id=closed)
    ana = await centre.agent()
    work = await centre.work(queue)
    live = await centre.admin.get(f"/api/routing/queues/{queue}/live")
    assert live["is_open"] is False
    assert [one["interaction_id"] for one in live["waiting"]] == [work]
    assert await ana.offered() is None

    always = await calendar(centre, [{"day": day, "from": "00:00", "to": "24:00"} for day in DAYS])
    await centre.admin.put(f"/api/routing/queues/{queue}", {"name": "Open again", "calendar_id": always})
    await ana.accept(work)


async def test_work_overflows_to_a_second_queue_after_its_wait(centre: Centre) -> None:
    skill = (await centre.admin.post("/api/people/skills", {"name": "rare"}))["id"]
    common = await centre.queue()
    rare = await centre.queue(skills={skill: 1}, overflow={"after_s": 1, "to_queue_id": common})
    ana = await centre.agent()
    work = await centre.work(rare)
    assert (await centre.look(work))["state"] == "queued"
    offer = await ana.shown(work)
    assert offer["reason"]["facts"]
    assert (await centre.look(work))["queue_id"] == rare


async def test_the_circle_of_who_may_serve_grows(centre: Centre) -> None:
    skill = (await centre.admin.post("/api/people/skills", {"name": "fine"}))["id"]
    queue = await centre.queue(skills={skill: 4}, circles=[{"after_s": 1, "skills": {skill: 2}}])
    ana = await centre.agent(skills={skill: 2})
    work = await centre.work(queue)
    assert (await centre.look(work))["state"] == "queued"
    await ana.accept(work)


async def test_an_agent_has_one_offer_at_a_time_and_no_more_than_they_chose(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent(state=None)
    await ana.put("/api/people/me/capacity", {"capacities": {"task": 2}})
    await ana.be("available")
    work = [await centre.work(queue) for _ in range(4)]
    for expected in work[:2]:
        assert len((await ana.snapshot())["offers"]) == 1
        await ana.accept(expected)
    assert (await ana.snapshot())["offers"] == []
    await ana.close_work(work[0])
    await ana.accept(work[2])


async def test_more_urgent_work_goes_first(centre: Centre) -> None:
    queue = await centre.queue()
    usual = await centre.work(queue)
    urgent = await centre.work(queue, priority=10)
    ana = await centre.agent()
    assert (await ana.shown())["interaction_id"] == urgent
    await ana.accept(urgent)
    await ana.accept(usual)


async def test_an_agent_who_goes_home_leaves_nothing_in_hand(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    work = await centre.work(queue)
    await ana.accept(work)
    await ana.be("offline")
    assert (await centre.look(work))["state"] == "queued"

    async def nobody_offline_holds() -> bool:
        rows = await centre.product.query(
            "SELECT 1 FROM interactions_interactions i JOIN people_agents a ON a.id = i.agent_id "
            "WHERE i.tenant_id = $1 AND i.state = 'held' AND a.presence = 'offline'",
            centre.tenant_id,
        )
        return not rows

    assert await until(nobody_offline_holds)

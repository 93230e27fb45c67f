"""Offers through the API: who may answer them, how often, and what is told of the decision."""

from dataclasses import dataclass
from typing import Any

import pytest

from intercanal.kernel.ids import TenantId
from intercanal.routing.service import open_offers
from tests.interactions.centre import until
from tests.people.api import Api, Caller

pytestmark = pytest.mark.server


@dataclass
class Desk:
    """A tenant with one queue and one agent who is there."""

    api: Api
    tenant_id: TenantId
    admin: Caller
    queue_id: str
    ana_id: str
    ana: Caller

    async def arrive(self, **more: object) -> str:
        body = {"queue_id": self.queue_id, "text": "hello", **more}
        interaction_id: str = (await self.admin.post("/api/interactions", body))["id"]
        return interaction_id

    async def offer(self, agent_id: str | None = None) -> Any:
        """What an agent is shown."""
        async with self.api.database.unit_of_work(self.tenant_id) as uow:
            shown = await open_offers(uow, agent_id or self.ana_id)
        return shown[0] if shown else None

    async def state(self, interaction_id: str) -> str:
        seen: str = (await self.admin.get(f"/api/interactions/{interaction_id}"))["state"]
        return seen


@pytest.fixture
async def desk(api: Api) -> Desk:
    tenant_id, admin = await api.tenant()
    queue = (await admin.post("/api/routing/queues", {"name": "Help"}))["id"]
    ana_id, ana = await api.agent(admin, "ana")
    await ana.put("/api/people/me/presence", {"state": "available"})
    return Desk(api, tenant_id, admin, queue, ana_id, ana)


async def test_work_is_offered_accepted_and_the_decision_stays_readable(desk: Desk) -> None:
    work = await desk.arrive()
    offer = await desk.offer()
    assert offer.interaction_id == work
    assert offer.reason.code == "routing.longest_idle"
    done = await desk.ana.post(f"/api/routing/offers/{offer.id}/accept", {})
    assert done["state"] == "accepted"
    assert await desk.state(work) == "held"
    decision = await desk.ana.get(f"/api/routing/decisions/{offer.id}")
    assert decision["state"] == "accepted"
    assert decision["reason"]["facts"]["agent_id"] == desk.ana_id
    assert decision["reason"]["facts"]["second_agent_id"] is None


async def test_taking_it_twice_is_taking_it_once_at_once_and_long_after(desk: Desk) -> None:
    first, _ = await desk.arrive(), await desk.arrive()
    offer = await desk.offer()
    path = f"/api/routing/offers/{offer.id}/accept"
    for _ in range(2):
        assert (await desk.ana.call("POST", path, {})).status_code == 200
    other = await desk.offer()
    await desk.ana.post(f"/api/routing/offers/{other.id}/accept", {})
    assert (await desk.ana.call("POST", path, {})).status_code == 200
    assert await desk.state(first) == "held"


async def test_a_declined_offer_pauses_and_cannot_be_taken_any_more(desk: Desk) -> None:
    work = await desk.arrive()
    offer = await desk.offer()
    await desk.ana.post(f"/api/routing/offers/{offer.id}/decline", {})
    assert (await desk.ana.get("/api/people/me"))["presence"] == "paused"
    assert await desk.state(work) == "queued"
    path = f"/api/routing/offers/{offer.id}"
    await desk.ana.refused(409, "routing.offer_declined", "POST", path + "/accept", {})
    assert (await desk.ana.call("POST", path + "/decline", {})).status_code == 200


async def test_a_missed_offer_returns_by_itself_and_is_refused_as_expired(desk: Desk) -> None:
    await desk.admin.put(f"/api/routing/queues/{desk.queue_id}", {"name": "Help", "offer_timeout_s": 5})
    work = await desk.arrive()
    offer = await desk.offer()

    async def returned() -> bool:
        return await desk.state(work) == "queued"

    await until(returned, 30)
    assert (await desk.ana.get("/api/people/me"))["presence"] == "paused"
    await desk.ana.refused(409, "routing.offer_expired", "POST", f"/api/routing/offers/{offer.id}/accept", {})


async def test_only_its_agent_may_answer_an_offer(desk: Desk) -> None:
    _, ben = await desk.api.agent(desk.admin, "ben")
    await desk.arrive()
    offer = await desk.offer()
    for verb in ("accept", "decline"):
        path = f"/api/routing/offers/{offer.id}/{verb}"
        await ben.refused(404, "routing.offer_not_found", "POST", path, {})
        await desk.admin.refused(403, "people.not_an_agent", "POST", path, {})


async def test_an_unknown_offer_is_not_found(desk: Desk) -> None:
    nothing = "01a1ffdb-0000-7000-8000-000000000000"
    await desk.ana.refused(404, "routing.offer_not_found", "POST", f"/api/routing/offers/{nothing}/accept", {})
    await desk.ana.refused(404, "routing.offer_not_found", "GET", f"/api/routing/decisions/{nothing}")


async def test_another_tenant_sees_no_decision(desk: Desk) -> None:
    await desk.arrive()
    offer = await desk.offer()
    _, stranger = await desk.api.tenant()
    await stranger.refused(404, "routing.offer_not_found", "GET", f"/api/routing/decisions/{offer.id}")


async def test_after_a_pause_was_answered_no_offer_is_there(desk: Desk) -> None:
    work = await desk.arrive()
    offer = await desk.offer()
    await desk.ana.put("/api/people/me/presence", {"state": "paused"})
    assert await desk.offer() is None
    assert await desk.state(work) == "queued"
    await desk.ana.refused(409, "routing.offer_withdrawn", "POST", f"/api/routing/offers/{offer.id}/accept", {})

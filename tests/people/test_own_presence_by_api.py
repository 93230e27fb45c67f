"""An agent's own presence and pace through the API."""

import pytest

from intercanal.infra.live.feed import Acked
from intercanal.people import live as people
from tests.people.api import Api

pytestmark = pytest.mark.server


async def test_one_request_pauses_and_another_resumes(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    agent_id, agent = await api.agent(admin, "ana")
    row = (await api.engine.open(tenant_id)).world.store(people.AgentRow)[agent_id]
    for state in ("available", "paused", "available", "offline"):
        assert await agent.put("/api/people/me/presence", {"state": state}) == {"state": state, "pause_after": False}
        assert row.presence == state
        assert (await agent.get("/api/people/me"))["presence"] == state
        assert (await admin.get(f"/api/people/agents/{agent_id}"))["presence"] == state


async def test_the_log_of_a_pause_has_one_actor_the_agent(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    agent_id, agent = await api.agent(admin, "ana")
    told: list[Acked] = []
    api.engine.listeners.append(told.append)
    await agent.put("/api/people/me/presence", {"state": "paused"})
    decisions = [decision for acked in told for decision in acked.decisions]
    assert [(one.actor, [type(event) for event in one.events]) for one in decisions] == [
        (agent_id, [people.PresenceChanged])
    ]
    assert (
        next(event for event in decisions[0].events if isinstance(event, people.PresenceChanged)).agent_id == agent_id
    )
    assert tenant_id == told[0].tenant_id


async def test_pause_after_with_empty_hands_is_a_pause(api: Api) -> None:
    _, admin = await api.tenant()
    _, agent = await api.agent(admin, "ana")
    await agent.refused(409, "people.agent_offline", "POST", "/api/people/me/pause-after")
    await agent.put("/api/people/me/presence", {"state": "available"})
    assert (await agent.post("/api/people/me/pause-after", {}))["pause_after"] is True
    assert (await agent.post("/api/people/me/pause-after", {}))["pause_after"] is True
    assert await agent.delete("/api/people/me/pause-after") == {"state": "available", "pause_after": False}


async def test_the_agent_chooses_a_capacity_and_a_gap_inside_the_bounds(api: Api) -> None:
    _, admin = await api.tenant()
    _, agent = await api.agent(admin, "ana", capacity_bounds={"chat": 4}, gap_min_s=5)
    me = await agent.put("/api/people/me/capacity", {"capacities": {"chat": 4, "mail": 0}, "gap_s": 20})
    assert (me["capacities"]["chat"], me["capacities"]["mail"], me["gap_s"]) == (4, 0, 20)
    problem = await agent.refused(
        409, "people.capacity_out_of_bounds", "PUT", "/api/people/me/capacity", {"capacities": {"chat": 5}}
    )
    assert problem["facts"] == {"channel": "chat", "maximum": 4}
    await agent.refused(409, "people.gap_out_of_bounds", "PUT", "/api/people/me/capacity", {"gap_s": 4})
    assert (await agent.get("/api/people/me"))["capacities"] == me["capacities"]


async def test_who_is_not_an_agent_has_no_presence(api: Api) -> None:
    _, admin = await api.tenant()
    await admin.refused(403, "people.not_an_agent", "PUT", "/api/people/me/presence", {"state": "paused"})
    await admin.refused(403, "people.not_an_agent", "GET", "/api/people/me")
    await api.nobody().refused(401, "request.unauthenticated", "GET", "/api/people/me")


async def test_nobody_can_set_anothers_presence(api: Api) -> None:
    _, admin = await api.tenant()
    agent_id, _ = await api.agent(admin, "ana")
    for method in ("PUT", "POST", "PATCH"):
        answer = await admin.call(method, f"/api/people/agents/{agent_id}/presence", {"state": "available"})
        assert answer.status_code in {404, 405}


@pytest.mark.parametrize("body", [{"state": "lunch"}, {"state": "paused", "reason": "tired"}, {}, {"state": None}])
async def test_a_presence_takes_one_of_three_words_and_nothing_else(api: Api, body: object) -> None:
    _, admin = await api.tenant()
    _, agent = await api.agent(admin, "ana")
    await agent.refused(400, "request.invalid", "PUT", "/api/people/me/presence", body)


async def test_everything_is_there_again_after_a_new_owner_rebuilt_the_world(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    agent_id, agent = await api.agent(admin, "ana", languages=["fr"])
    await agent.put("/api/people/me/presence", {"state": "available"})
    before = (await api.engine.open(tenant_id)).world.store(people.AgentRow)[agent_id]
    api.engine.drop(tenant_id)
    after = (await api.engine.open(tenant_id)).world.store(people.AgentRow)[agent_id]
    assert after is not before
    assert after == before

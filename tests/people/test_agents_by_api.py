"""Agents, teams and skills through the API: what can be said of them, and what is refused."""

import uuid

import pytest

from intercanal.people import live as people
from tests.people.api import Api

pytestmark = pytest.mark.server


async def test_a_name_and_an_address_are_enough(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    made = await admin.post("/api/people/agents", {"name": "Robot", "email": "Robot@Example.org"})
    assert made["email"] == "robot@example.org"
    assert made["presence"] == "offline"
    assert made["capacity_bounds"] == people.DEFAULT_BOUNDS
    row = (await api.engine.open(tenant_id)).world.store(people.AgentRow)[made["id"]]
    assert (row.version, row.capacities) == (1, people.DEFAULT_CAPACITIES)
    assert await admin.get(f"/api/people/agents/{made['id']}") == made


async def test_the_live_core_knows_skills_levels_teams_and_languages(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    skill = (await admin.post("/api/people/skills", {"name": "Billing"}))["id"]
    team = (await admin.post("/api/people/teams", {"name": "Lille"}))["id"]
    agent_id, _ = await api.agent(admin, "ana", skills={skill: 4}, team_ids=[team], languages=["fr", "nl-BE"])
    row = (await api.engine.open(tenant_id)).world.store(people.AgentRow)[agent_id]
    assert (row.skills, row.team_ids, row.languages) == ({skill: 4}, [team], ["fr", "nl-BE"])


async def test_settings_keep_author_date_and_reason_in_every_version(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    body = {"name": "Ana", "email": "ana@example.org"}
    made = await admin.post("/api/people/agents", body)
    changed = await admin.put(
        f"/api/people/agents/{made['id']}",
        {**body, "version": 1, "capacity_bounds": {"chat": 2}, "gap_min_s": 5, "reason": "learning"},
    )
    assert (changed["version"], changed["capacity_bounds"]["chat"]) == (2, 2)
    row = (await api.engine.open(tenant_id)).world.store(people.AgentRow)[made["id"]]
    assert (row.version, row.capacities["chat"], row.gap_min_s) == (2, 2, 5)
    versions = (await admin.get(f"/api/people/agents/{made['id']}/versions"))["items"]
    assert [(one["version"], one["reason"]) for one in versions] == [(2, "learning"), (1, "")]
    assert all(one["author_id"] for one in versions)
    await admin.refused(
        409, "people.changed_meanwhile", "PUT", f"/api/people/agents/{made['id']}", {**body, "version": 1}
    )


async def test_two_agents_never_share_an_address(api: Api) -> None:
    _, admin = await api.tenant()
    await api.agent(admin, "ana")
    await admin.refused(
        409, "people.email_taken", "POST", "/api/people/agents", {"name": "B", "email": "ANA@example.org"}
    )


async def test_the_country_of_the_agent_is_that_of_the_site_or_employer(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    agent_id, _ = await api.agent(admin, "ana", country="BE")
    row = (await api.engine.open(tenant_id)).world.store(people.AgentRow)[agent_id]
    assert row.country == "BE"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "A"}, 400, "request.invalid"),
        ({"name": 5, "email": "a@example.org"}, 400, "request.invalid"),
        ({"name": " ", "email": "a@example.org"}, 400, "request.invalid"),
        ({"name": "A", "email": "nobody at all"}, 422, "tenancy.address_invalid"),
        ({"name": "A", "email": "a@example.org", "needs_approval": True}, 400, "request.invalid"),
        ({"name": "A", "email": "a@example.org", "skills": {str(uuid.uuid4()): 3}}, 422, "people.unknown_reference"),
        ({"name": "A", "email": "a@example.org", "skills": {"x": 6}}, 400, "request.invalid"),
        ({"name": "A", "email": "a@example.org", "team_ids": ["nonsense"]}, 422, "people.unknown_reference"),
        ({"name": "A", "email": "a@example.org", "site_id": str(uuid.uuid4())}, 422, "people.unknown_reference"),
        ({"name": "A\u0000", "email": "a@example.org"}, 400, "request.invalid"),
    ],
)
async def test_a_wrong_body_is_refused_with_a_code(api: Api, body: object, status: int, code: str) -> None:
    _, admin = await api.tenant()
    await admin.refused(status, code, "POST", "/api/people/agents", body)
    assert (await admin.get("/api/people/agents"))["items"] == []


async def test_unknown_foreign_and_malformed_ids_are_not_found_alike(api: Api) -> None:
    _, admin = await api.tenant()
    _, stranger = await api.tenant()
    agent_id, _ = await api.agent(admin, "ana")
    problems = [
        await stranger.refused(404, "people.agent_not_found", "GET", f"/api/people/agents/{one}")
        for one in (agent_id, str(uuid.uuid4()))
    ]
    assert problems[0] == problems[1]
    await stranger.refused(404, "people.agent_not_found", "POST", f"/api/people/agents/{agent_id}/token", {})
    await stranger.refused(404, "request.unknown_id", "GET", "/api/people/agents/not-an-id")


async def test_lists_page_through_everything_once(api: Api) -> None:
    _, admin = await api.tenant()
    made = [(await api.agent(admin, f"agent{number}"))[0] for number in range(5)]
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = await admin.get("/api/people/agents", **query)
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made
    await admin.refused(400, "request.cursor", "GET", "/api/people/agents?cursor=rubbish")


async def test_a_retired_agent_is_gone_with_their_token(api: Api) -> None:
    _, admin = await api.tenant()
    agent_id, agent = await api.agent(admin, "ana")
    await agent.put("/api/people/me/presence", {"state": "available"})
    await admin.delete(f"/api/people/agents/{agent_id}", reason="left")
    await admin.refused(404, "people.agent_not_found", "GET", f"/api/people/agents/{agent_id}")
    await agent.refused(401, "request.unauthenticated", "GET", "/api/people/me")


@pytest.mark.parametrize("group", ["teams", "skills"])
async def test_teams_and_skills_are_made_renamed_and_retired(api: Api, group: str) -> None:
    _, admin = await api.tenant()
    path = f"/api/people/{group}"
    made = await admin.post(path, {"name": "Before"})
    await admin.put(f"{path}/{made['id']}", {"name": "After", "version": 1})
    assert (await admin.get(path))["items"] == [{"id": made["id"], "version": 2, "name": "After"}]
    await admin.delete(f"{path}/{made['id']}")
    await admin.refused(404, f"people.{group[:-1]}_not_found", "GET", f"{path}/{made['id']}")
    assert (await admin.get(path))["items"] == []


async def test_an_agent_may_look_but_not_change(api: Api) -> None:
    _, admin = await api.tenant()
    _, agent = await api.agent(admin, "ana")
    assert len((await agent.get("/api/people/agents"))["items"]) == 1
    await agent.refused(
        403, "request.not_permitted", "POST", "/api/people/agents", {"name": "B", "email": "b@example.org"}
    )


async def test_a_repeated_post_adds_one_agent_and_shows_a_token_once(api: Api) -> None:
    _, admin = await api.tenant()
    body = {"name": "Ana", "email": "ana@example.org"}
    first = await admin.post("/api/people/agents", body, "same-key")
    assert await admin.post("/api/people/agents", body, "same-key") == first
    path = f"/api/people/agents/{first['id']}/token"
    token = (await admin.post(path, {}, "another-key"))["token"]
    assert token
    assert (await admin.post(path, {}, "another-key"))["token"] is None


async def test_who_may_configure_agents_may_not_for_that_act_as_one(api: Api) -> None:
    tenant_id, admin = await api.tenant()
    made = await admin.post("/api/people/agents", {"name": "Ana", "email": "ana@example.org"})
    configurer = await api.with_only(tenant_id, "people.configure")
    path = f"/api/people/agents/{made['id']}/token"
    await configurer.refused(403, "request.not_permitted", "POST", path, {})
    assert (await admin.post(path, {}))["token"]

"""Queues through the API: what can be said of them, what is refused, and what a queue looks like at this moment."""

from datetime import UTC, datetime

import pytest

from intercanal.routing import live as routing
from intercanal.routing.service import refresh_hours
from tests.interactions.centre import until
from tests.people.api import Api, Caller

pytestmark = pytest.mark.server

NOTHING = "01a1ffdb-0000-7000-8000-000000000000"
ALWAYS = [{"day": day, "from": "00:00", "to": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]


async def make_calendar(admin: Caller, hours: list[dict[str, str]]) -> dict[str, object]:
    body = {"name": "Hours", "timezone": "Europe/Paris", "hours": hours, "holidays": []}
    made: dict[str, object] = await admin.post("/api/tenancy/calendars", body)
    return made


async def live_queue(api: Api, tenant_id: object, queue_id: str) -> routing.QueueRow:
    world = (await api.engine.open(tenant_id)).world  # type: ignore[arg-type]  # a tenant id, typed loosely here
    return world.store(routing.QueueRow)[queue_id]


class TestSettings:
    async def test_a_name_is_enough_and_the_live_core_knows_the_queue_when_it_answers(self, api: Api) -> None:
        tenant_id, admin = await api.tenant()
        made = await admin.post("/api/routing/queues", {"name": "Help"})
        row = await live_queue(api, tenant_id, made["id"])
        assert (row.version, row.is_open, row.circles) == (1, True, [routing.Circle()])
        assert made["targets"]["voice"] == 20
        assert await admin.get(f"/api/routing/queues/{made['id']}") == made
        assert (await admin.get("/api/routing/queues"))["items"] == [made]

    async def test_everything_that_can_be_said_reaches_the_live_core(self, api: Api) -> None:
        tenant_id, admin = await api.tenant()
        skill = (await admin.post("/api/people/skills", {"name": "Billing"}))["id"]
        team = (await admin.post("/api/people/teams", {"name": "Lille"}))["id"]
        spare = (await admin.post("/api/routing/queues", {"name": "Spare"}))["id"]
        calendar = (await make_calendar(admin, ALWAYS))["id"]
        made = await admin.post(
            "/api/routing/queues",
            {
                "name": "Billing",
                "skills": {skill: 4},
                "team_ids": [team],
                "circles": [{"after_s": 20, "skills": {skill: 2}}, {"after_s": 60, "team_ids": []}],
                "priority": 2,
                "targets": {"mail": 3600},
                "offer_timeout_s": 15,
                "calendar_id": calendar,
                "overflow": {"after_s": 120, "to_queue_id": spare},
            },
        )
        row = await live_queue(api, tenant_id, made["id"])
        assert row.circles == [
            routing.Circle(skills={skill: 4}, team_ids=[team]),
            routing.Circle(after_s=20, skills={skill: 2}, team_ids=[team]),
            routing.Circle(after_s=60, skills={skill: 2}),
        ]
        assert (row.priority, row.targets, row.offer_timeout_s) == (2, {"mail": 3600}, 15)
        assert row.overflow == routing.Overflow(120, spare)
        assert row.calendar is not None

    async def test_a_change_keeps_author_date_and_reason_in_every_version(self, api: Api) -> None:
        tenant_id, admin = await api.tenant()
        made = await admin.post("/api/routing/queues", {"name": "Help"})
        path = f"/api/routing/queues/{made['id']}"
        changed = await admin.put(path, {"name": "Help!", "version": 1, "priority": 1, "reason": "storm"})
        assert (changed["version"], (await live_queue(api, tenant_id, made["id"])).priority) == (2, 1)
        versions = (await admin.get(path + "/versions"))["items"]
        assert [(one["version"], one["name"], one["reason"]) for one in versions] == [
            (2, "Help!", "storm"),
            (1, "Help", ""),
        ]
        assert all(one["author_id"] for one in versions)
        await admin.refused(409, "routing.changed_meanwhile", "PUT", path, {"name": "Help", "version": 1})

    async def test_a_retired_queue_gets_no_more_work(self, api: Api) -> None:
        _, admin = await api.tenant()
        queue = (await admin.post("/api/routing/queues", {"name": "Help"}))["id"]
        await admin.delete(f"/api/routing/queues/{queue}", reason="over")
        await admin.refused(404, "routing.queue_not_found", "GET", f"/api/routing/queues/{queue}")
        await admin.refused(
            409, "interactions.queue_unknown", "POST", "/api/interactions", {"queue_id": queue, "text": "hello"}
        )

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"circles": [{"after_s": 60}, {"after_s": 20}]}, "routing.circles_out_of_order"),
            ({"overflow": {"after_s": 5, "to_queue_id": NOTHING}}, "routing.overflow_unknown"),
            ({"calendar_id": NOTHING}, "routing.calendar_unknown"),
            ({"skills": {NOTHING: 3}}, "people.unknown_reference"),
            ({"circles": [{"after_s": 9, "team_ids": [NOTHING]}]}, "people.unknown_reference"),
        ],
    )
    async def test_what_does_not_exist_is_refused(self, api: Api, more: dict[str, object], code: str) -> None:
        _, admin = await api.tenant()
        await admin.refused(422, code, "POST", "/api/routing/queues", {"name": "Help", **more})
        assert (await admin.get("/api/routing/queues"))["items"] == []

    async def test_another_tenants_queue_does_not_exist(self, api: Api) -> None:
        _, admin = await api.tenant()
        _, stranger = await api.tenant()
        queue = (await admin.post("/api/routing/queues", {"name": "Help"}))["id"]
        path = f"/api/routing/queues/{queue}"
        await stranger.refused(404, "routing.queue_not_found", "GET", path)
        await stranger.refused(404, "routing.queue_not_found", "GET", path + "/live")
        overflow = {"name": "Mine", "overflow": {"after_s": 5, "to_queue_id": queue}}
        await stranger.refused(422, "routing.overflow_unknown", "POST", "/api/routing/queues", overflow)

    async def test_an_agent_may_read_queues_and_not_change_them(self, api: Api) -> None:
        _, admin = await api.tenant()
        _, ana = await api.agent(admin, "ana")
        assert (await ana.get("/api/routing/queues"))["items"] == []
        assert (await ana.call("POST", "/api/routing/queues", {"name": "Mine"})).status_code == 403


class TestHours:
    async def test_a_changed_calendar_opens_and_closes_the_queues_that_follow_it(self, api: Api) -> None:
        tenant_id, admin = await api.tenant()
        calendar = await make_calendar(admin, ALWAYS)
        queue = (await admin.post("/api/routing/queues", {"name": "Help", "calendar_id": calendar["id"]}))["id"]
        assert (await live_queue(api, tenant_id, queue)).is_open
        body = {"name": "Never", "timezone": "Europe/Paris", "hours": [], "holidays": []}
        await admin.put(f"/api/tenancy/calendars/{calendar['id']}", body)

        async def closed() -> bool:
            return not (await live_queue(api, tenant_id, queue)).is_open

        await until(closed, 30)
        versions = (await admin.get(f"/api/routing/queues/{queue}/versions"))["items"]
        assert [one["reason"] for one in versions] == ["routing.hours_changed", ""]

    async def test_the_monthly_refresh_leaves_alone_what_did_not_change(self, api: Api) -> None:
        tenant_id, admin = await api.tenant()
        calendar = await make_calendar(admin, ALWAYS)
        queue = (await admin.post("/api/routing/queues", {"name": "Help", "calendar_id": calendar["id"]}))["id"]
        async with api.database.unit_of_work(tenant_id) as uow:
            assert await refresh_hours(uow) == 0
        assert (await admin.get(f"/api/routing/queues/{queue}"))["version"] == 1


class TestMoment:
    async def test_waiting_work_is_told_in_its_order_with_why_it_waits(self, api: Api) -> None:
        _, admin = await api.tenant()
        skill = (await admin.post("/api/people/skills", {"name": "Billing"}))["id"]
        queue = (await admin.post("/api/routing/queues", {"name": "Billing", "skills": {skill: 3}}))["id"]
        path = f"/api/routing/queues/{queue}/live"
        work = [
            (await admin.post("/api/interactions", {"queue_id": queue, "text": "hello", "channel": channel}))["id"]
            for channel in ("task", "chat")
        ]
        seen = await admin.get(path)
        assert [one["interaction_id"] for one in seen["waiting"]] == [work[1], work[0]]
        assert {one["why"]["code"] for one in seen["waiting"]} == {"routing.waits_nobody_able"}
        await api.agent(admin, "low", skills={skill: 2})
        _, ana = await api.agent(admin, "ana", skills={skill: 3})
        assert (await admin.get(path))["waiting"][0]["why"]["code"] == "routing.waits_nobody_present"
        await ana.put("/api/people/me/presence", {"state": "paused"})
        seen = await admin.get(path)
        assert seen["agents"] == {"able": 1, "present": 1, "available": 0}
        assert seen["waiting"][0]["why"] == {"code": "routing.waits_all_paused", "facts": {"present": 1}}
        await ana.put("/api/people/me/presence", {"state": "available"})
        seen = await admin.get(path)
        assert (seen["queued"], seen["offered"], seen["held"]) == (1, 1, 0)
        assert seen["waiting"][0]["why"] == {"code": "routing.waits_all_busy", "facts": {"available": 1}}

    async def test_a_closed_queue_says_when_it_opens(self, api: Api) -> None:
        _, admin = await api.tenant()
        day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC).weekday() + 3) % 7]
        calendar = await make_calendar(admin, [{"day": day, "from": "09:00", "to": "12:00"}])
        queue = (await admin.post("/api/routing/queues", {"name": "Help", "calendar_id": calendar["id"]}))["id"]
        await admin.post("/api/interactions", {"queue_id": queue, "text": "hello"})
        _, ana = await api.agent(admin, "ana")
        await ana.put("/api/people/me/presence", {"state": "available"})
        seen = await admin.get(f"/api/routing/queues/{queue}/live")
        assert not seen["is_open"]
        assert seen["waiting"][0]["why"]["code"] == "routing.waits_closed"
        assert seen["waiting"][0]["why"]["facts"]["opens_at"]

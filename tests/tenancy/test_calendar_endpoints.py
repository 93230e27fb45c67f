"""Calendars through the API: as they are written, versioned, asked, refused, and kept from other tenants."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from intercanal.tenancy import live, service
from tests.tenancy.api import Caller, House

pytestmark = pytest.mark.server

WEEK = [
    {"day": day, "from": start, "to": end}
    for day in ("mon", "tue", "wed", "thu", "fri")
    for start, end in (("09:00", "12:00"), ("13:00", "17:00"))
]
OFFICE: dict[str, Any] = {"name": "Bureau", "timezone": "Europe/Paris", "hours": WEEK, "holidays": ["2026-12-25"]}
CALENDARS = "/api/tenancy/calendars"


async def due(caller: Caller, calendar: dict[str, Any], start: str, minutes: int) -> str:
    answer = await caller.post(f"{CALENDARS}/{calendar['id']}/due", {"start": start, "minutes": minutes})
    return str(answer["due"])


async def is_open(caller: Caller, calendar: dict[str, Any], at: str) -> bool:
    return bool((await caller.post(f"{CALENDARS}/{calendar['id']}/open-at", {"at": at}))["open"])


async def test_a_calendar_is_read_back_as_it_was_written(admin: Caller) -> None:
    written = OFFICE | {
        "special_days": [{"date": "2026-12-24", "hours": [{"from": "09:00", "to": "12:00"}]}],
        "public_holidays": {"country": "FR", "subdivision": "57", "categories": ["public"]},
        "reason": "first opening hours",
    }
    made = await admin.post(CALENDARS, written)
    assert made == await admin.get(f"{CALENDARS}/{made['id']}")
    assert {name: made[name] for name in written} == written
    assert made["version"] == 1
    assert made["author_id"] == admin.principal.id
    assert made["at"] == "2026-11-21T12:00:00Z"


async def test_due_skips_lunch_christmas_and_the_weekend(admin: Caller) -> None:
    calendar = await admin.post(CALENDARS, OFFICE)
    assert await due(admin, calendar, "2026-12-24T15:30:00Z", 60) == "2026-12-28T08:30:00Z"
    assert await due(admin, calendar, "2026-12-24T16:30:00+01:00", 60) == "2026-12-28T08:30:00Z"


async def test_a_calendar_is_closed_at_lunch_and_says_when_it_opens(admin: Caller) -> None:
    calendar = await admin.post(CALENDARS, OFFICE)
    noon = await admin.post(f"{CALENDARS}/{calendar['id']}/open-at", {"at": "2026-11-24T11:30:00Z"})
    assert noon == {"open": False, "next_change": {"at": "2026-11-24T12:00:00Z", "opens": True}}
    assert await is_open(admin, calendar, "2026-11-24T12:00:00Z")


async def test_a_night_past_midnight_belongs_to_its_first_day(admin: Caller) -> None:
    night = [{"day": "thu", "from": "22:00", "to": "06:00"}]
    calendar = await admin.post(CALENDARS, OFFICE | {"hours": night, "holidays": ["2026-12-25"]})
    assert await is_open(admin, calendar, "2026-12-25T04:59:00Z")
    assert not await is_open(admin, calendar, "2026-12-25T05:00:00Z")
    assert await due(admin, calendar, "2026-12-24T20:00:00Z", 8 * 60) == "2026-12-25T05:00:00Z"


async def test_public_holidays_of_a_part_of_a_country_close_it_years_ahead_too(admin: Caller) -> None:
    moselle = await admin.post(CALENDARS, OFFICE | {"public_holidays": {"country": "FR", "subdivision": "57"}})
    paris = await admin.post(CALENDARS, OFFICE | {"public_holidays": {"country": "FR"}})
    for good_friday in ("2027-03-26T10:00:00Z", "2035-03-23T10:00:00Z"):
        assert not await is_open(admin, moselle, good_friday)
        assert await is_open(admin, paris, good_friday)


async def test_own_hours_open_on_a_public_holiday(admin: Caller) -> None:
    rule = {"country": "FR"}
    special = [{"date": "2026-11-11", "hours": [{"from": "10:00", "to": "11:00"}]}]
    calendar = await admin.post(CALENDARS, OFFICE | {"public_holidays": rule, "special_days": special})
    assert await is_open(admin, calendar, "2026-11-11T09:30:00Z")
    assert not await is_open(admin, calendar, "2026-11-11T12:30:00Z")


async def test_a_changed_calendar_keeps_its_versions_with_author_date_and_reason(admin: Caller) -> None:
    calendar = await admin.post(CALENDARS, OFFICE)
    path = f"{CALENDARS}/{calendar['id']}"
    changed = await admin.put(path, OFFICE | {"holidays": [], "version": 1, "reason": "open at Christmas"})
    assert changed["version"] == 2
    assert await is_open(admin, calendar, "2026-12-25T10:00:00Z")
    versions = (await admin.get(f"{path}/versions"))["items"]
    assert [(each["version"], each["reason"], each["holidays"]) for each in versions] == [
        (2, "open at Christmas", []),
        (1, "", ["2026-12-25"]),
    ]
    assert {each["author_id"] for each in versions} == {admin.principal.id}


async def test_two_changes_of_one_version_cannot_both_succeed(admin: Caller) -> None:
    calendar = await admin.post(CALENDARS, OFFICE)
    path = f"{CALENDARS}/{calendar['id']}"
    bodies = [OFFICE | {"name": f"Bureau {number}", "version": 1} for number in range(4)]
    answers = await asyncio.gather(*(admin.call("PUT", path, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "tenancy.changed_meanwhile"}
    assert (await admin.get(path))["version"] == 2


async def test_the_data_given_to_live_work_agrees_with_the_answers_of_the_api(house: House, admin: Caller) -> None:
    calendar = await admin.post(CALENDARS, OFFICE | {"public_holidays": {"country": "BE"}})
    async with house.database.unit_of_work(admin.tenant_id) as uow:
        spec = await service.calendar_spec(uow, calendar["id"])
    assert spec.known_until.year == 2028
    for at in ("2026-07-21T09:00:00Z", "2026-07-22T09:00:00Z", "2026-11-24T11:30:00Z"):
        assert live.is_open(spec, datetime.fromisoformat(at)) == await is_open(admin, calendar, at)
    change = live.next_change(spec, datetime(2026, 11, 24, 11, 30, tzinfo=UTC))
    assert change == live.Change(datetime(2026, 11, 24, 12, tzinfo=UTC), opens=True)


async def test_a_calendar_that_never_opens_is_told_so(admin: Caller) -> None:
    calendar = await admin.post(CALENDARS, OFFICE | {"hours": []})
    body = {"start": "2026-11-24T11:30:00Z", "minutes": 1}
    problem = await admin.refused(409, "POST", f"{CALENDARS}/{calendar['id']}/due", body)
    assert problem["code"] == "tenancy.calendar_never_opens"
    answer = await admin.post(f"{CALENDARS}/{calendar['id']}/open-at", {"at": "2026-11-24T11:30:00Z"})
    assert answer == {"open": False, "next_change": None}


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"timezone": "Europe/Atlantis"}, 422, "tenancy.timezone_unknown"),
        ({"timezone": "../../etc/passwd"}, 422, "tenancy.timezone_unknown"),
        ({"hours": [{"day": "mon", "from": "09:00", "to": "09:00"}]}, 422, "tenancy.span_empty"),
        ({"hours": [{"day": "mon", "from": "9:00", "to": "10:00"}]}, 400, "request.invalid"),
        ({"hours": [{"day": "mon", "from": "24:00", "to": "10:00"}]}, 422, "tenancy.span_empty"),
        ({"hours": [{"day": "monday", "from": "09:00", "to": "10:00"}]}, 400, "request.invalid"),
        ({"hours": WEEK * 20}, 400, "request.invalid"),
        ({"holidays": ["2026-02-30"]}, 400, "request.invalid"),
        ({"holidays": ["2026-12-25", "2026-12-25"]}, 422, "tenancy.day_twice"),
        ({"public_holidays": {"country": "XX"}}, 422, "tenancy.holidays_country"),
        ({"public_holidays": {"country": "FR", "subdivision": "99"}}, 422, "tenancy.holidays_subdivision"),
        ({"public_holidays": {"country": "FR", "categories": ["lunar"]}}, 422, "tenancy.holidays_category"),
        ({"name": ""}, 400, "request.invalid"),
        ({"name": "   "}, 400, "request.invalid"),
        ({"name": "a\u0000b"}, 400, "request.invalid"),
        ({"colour": "red"}, 400, "request.invalid"),
    ],
)
async def test_a_wrong_calendar_is_refused_and_nothing_kept(
    admin: Caller, wrong: dict[str, Any], status: int, code: str
) -> None:
    problem = await admin.refused(status, "POST", CALENDARS, OFFICE | wrong)
    assert problem["code"] == code
    assert (await admin.get(CALENDARS))["items"] == []


@pytest.mark.parametrize(
    ("door", "body", "status", "code"),
    [
        ("due", {"start": "2026-11-24T11:30:00", "minutes": 1}, 400, "request.invalid"),
        ("due", {"start": "2026-11-24T11:30:00Z", "minutes": -1}, 400, "request.invalid"),
        ("due", {"start": "2026-11-24T11:30:00Z", "minutes": 10**9}, 400, "request.invalid"),
        ("due", {"start": "0001-01-01T00:00:00Z", "minutes": 1}, 422, "tenancy.instant_out_of_range"),
        ("open-at", {"at": "9999-12-31T23:59:59Z"}, 422, "tenancy.instant_out_of_range"),
        ("open-at", {"at": "yesterday"}, 400, "request.invalid"),
    ],
)
async def test_a_wrong_question_is_refused(
    admin: Caller, door: str, body: dict[str, Any], status: int, code: str
) -> None:
    calendar = await admin.post(CALENDARS, OFFICE)
    problem = await admin.refused(status, "POST", f"{CALENDARS}/{calendar['id']}/{door}", body)
    assert problem["code"] == code


async def test_calendars_are_paged_in_the_order_they_were_made(admin: Caller) -> None:
    made = [(await admin.post(CALENDARS, OFFICE | {"name": f"N{number}"}))["id"] for number in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = await admin.get(CALENDARS, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(made)
    assert (await admin.refused(400, "GET", CALENDARS, cursor="nonsense"))["code"] == "request.cursor"


async def test_another_tenants_calendar_is_not_there(house: House, admin: Caller) -> None:
    calendar = await admin.post(CALENDARS, OFFICE)
    stranger = await house.tenant("Two")
    path = f"{CALENDARS}/{calendar['id']}"
    unknown = f"{CALENDARS}/{calendar['id'][:-1]}{'0' if calendar['id'][-1] != '0' else '1'}"
    asks: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("GET", "/versions", None),
        ("PUT", "", OFFICE),
        ("POST", "/due", {"start": "2026-11-24T11:30:00Z", "minutes": 1}),
        ("POST", "/open-at", {"at": "2026-11-24T11:30:00Z"}),
    ]
    for method, door, body in asks:
        foreign = await stranger.refused(404, method, path + door, body)
        assert foreign == await stranger.refused(404, method, unknown + door, body)
    assert (await stranger.get(CALENDARS))["items"] == []
    assert (await admin.get(path))["version"] == 1


async def test_who_may_only_read_cannot_change(house: House, admin: Caller) -> None:
    reader = house.caller(admin.tenant_id, ["tenancy.read"])
    calendar = await admin.post(CALENDARS, OFFICE)
    assert (await reader.get(CALENDARS))["items"]
    assert await is_open(reader, calendar, "2026-11-24T10:00:00Z")
    for method, path in (("POST", CALENDARS), ("PUT", f"{CALENDARS}/{calendar['id']}")):
        assert (await reader.refused(403, method, path, OFFICE))["code"] == "request.not_permitted"

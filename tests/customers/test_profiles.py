"""Customers as people enter, change and read them, and as other tenants never see them."""

import asyncio
from typing import Any

import pytest

from tests.tenancy.api import Caller, House

pytestmark = pytest.mark.server

CUSTOMERS = "/api/customers"
CAMILLE = {
    "name": "Camille Durand",
    "locale": "fr-BE",
    "notes": "prefers the morning\nsecond line",
    "identities": [
        {"kind": "mail", "value": "Camille@Example.ORG"},
        {"kind": "phone", "value": "06 12 34 56 78"},
    ],
}


def values(view: dict[str, Any]) -> list[str]:
    return [identity["value"] for identity in view["identities"]]


async def test_a_customer_is_read_back_with_identities_in_normal_form(admin: Caller) -> None:
    made = await admin.post(CUSTOMERS, CAMILLE)
    assert await admin.get(f"{CUSTOMERS}/{made['id']}") == made
    assert (made["name"], made["locale"], made["notes"]) == ("Camille Durand", "fr-BE", CAMILLE["notes"])
    assert values(made) == ["camille@example.org", "+33612345678"]
    assert (made["merged"], made["erased_at"], made["created_at"]) == ([], None, "2026-11-21T12:00:00Z")


async def test_a_number_is_read_as_dialled_in_the_tenants_country(house: House) -> None:
    belgian = await house.tenant("Belgian", country="BE")
    made = await belgian.post(CUSTOMERS, {"identities": [{"kind": "phone", "value": "0470 12 34 56"}]})
    assert values(made) == ["+32470123456"]


async def test_a_change_touches_what_it_names_and_null_empties(admin: Caller) -> None:
    made = await admin.post(CUSTOMERS, CAMILLE)
    path = f"{CUSTOMERS}/{made['id']}"
    changed = await admin.patch(path, {"name": "Camille Martin"})
    assert changed == made | {"name": "Camille Martin"}
    assert await admin.patch(path, {"notes": None}) == changed | {"notes": None}
    assert await admin.patch(path, {}) == changed | {"notes": None}


async def test_an_identity_is_added_once_whoever_asks(admin: Caller) -> None:
    made = await admin.post(CUSTOMERS, CAMILLE)
    other = await admin.post(CUSTOMERS, {"name": "Dominique"})
    extra = {"kind": "mail", "value": "durand@example.net"}
    assert values(await admin.post(f"{CUSTOMERS}/{made['id']}/identities", extra)) == [
        "camille@example.org", extra["value"], "+33612345678",
    ]  # fmt: skip
    for ask in (
        admin.refused(409, "POST", f"{CUSTOMERS}/{other['id']}/identities", extra),
        admin.refused(409, "POST", f"{CUSTOMERS}/{made['id']}/identities", extra),
        admin.refused(409, "POST", CUSTOMERS, {"name": "Third", "identities": [extra]}),
    ):
        problem = await ask
        assert problem["code"] == "customers.identity_known"
        assert problem["facts"] == {"kind": "mail", "customer_id": made["id"]}
    listed = (await admin.get(CUSTOMERS))["items"]
    assert {view["id"] for view in listed} == {made["id"], other["id"]}


async def test_one_address_given_to_two_at_once_goes_to_one(admin: Caller) -> None:
    ids = [(await admin.post(CUSTOMERS, {"name": f"N{number}"}))["id"] for number in range(4)]
    extra = {"kind": "mail", "value": "shared@example.net"}
    answers = await asyncio.gather(*(admin.call("POST", f"{CUSTOMERS}/{each}/identities", extra) for each in ids))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"identities": [{"kind": "mail", "value": "nobody"}]}, 422, "tenancy.address_invalid"),
        ({"identities": [{"kind": "phone", "value": "112"}]}, 422, "tenancy.address_invalid"),
        ({"identities": [{"kind": "fax", "value": "1"}]}, 400, "request.invalid"),
        ({"name": ""}, 400, "request.invalid"),
        ({"name": "a\u0000"}, 400, "request.invalid"),
        ({"notes": "a\u0000"}, 400, "request.invalid"),
        ({"notes": "a" * 10_001}, 400, "request.invalid"),
        ({"locale": "french"}, 400, "request.invalid"),
        ({"vip": True}, 400, "request.invalid"),
    ],
)
async def test_a_wrong_customer_is_refused_without_repeating_it(
    admin: Caller, body: dict[str, Any], status: int, code: str
) -> None:
    problem = await admin.refused(status, "POST", CUSTOMERS, body)
    assert problem["code"] == code
    assert "nobody" not in str(problem)
    assert (await admin.get(CUSTOMERS))["items"] == []


async def test_another_tenants_customer_is_not_there(house: House, admin: Caller) -> None:
    made = await admin.post(CUSTOMERS, CAMILLE)
    stranger = await house.tenant("Two")
    own = await stranger.post(CUSTOMERS, {"name": "Own"})
    foreign = f"{CUSTOMERS}/{made['id']}"
    asks: list[tuple[str, str, Any]] = [
        ("GET", foreign, None),
        ("PATCH", foreign, {"name": "X"}),
        ("POST", f"{foreign}/identities", {"kind": "mail", "value": "x@example.org"}),
        ("POST", f"{foreign}/merge", {"into_id": own["id"]}),
        ("POST", f"{CUSTOMERS}/{own['id']}/merge", {"into_id": made["id"]}),
        ("POST", f"{foreign}/merge/undo", None),
        ("POST", f"{foreign}/erase", {"reason": "asked"}),
    ]
    for method, path, body in asks:
        problem = await stranger.refused(404, method, path, body)
        assert problem["code"] == "customers.unknown"
    same = await stranger.post(CUSTOMERS, CAMILLE)
    assert same["id"] != made["id"]
    assert {view["id"] for view in (await stranger.get(CUSTOMERS))["items"]} == {own["id"], same["id"]}
    assert await admin.get(foreign) == made


async def test_customers_are_paged_in_the_order_they_came(admin: Caller) -> None:
    made = [(await admin.post(CUSTOMERS, {"name": f"N{number}"}))["id"] for number in range(5)]
    seen: list[str] = []
    page = await admin.get(CUSTOMERS, limit=2)
    while True:
        seen += [view["id"] for view in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await admin.get(CUSTOMERS, limit=2, cursor=page["next_cursor"])
    assert seen == sorted(made)
    for cursor in ("nonsense", "WyJ4Il0"):
        assert (await admin.refused(400, "GET", CUSTOMERS, cursor=cursor))["code"] == "request.cursor"


async def test_who_may_only_read_changes_nothing_and_only_some_may_erase(house: House, admin: Caller) -> None:
    made = await admin.post(CUSTOMERS, CAMILLE)
    path = f"{CUSTOMERS}/{made['id']}"
    reader = house.caller(admin.tenant_id, ["customers.read"])
    worker = house.caller(admin.tenant_id, ["customers.read", "customers.work"])
    assert await reader.get(path) == made
    await reader.refused(403, "POST", CUSTOMERS, {"name": "X"})
    await reader.refused(403, "PATCH", path, {"name": "X"})
    await worker.refused(403, "POST", f"{path}/erase", {"reason": "asked"})
    assert await admin.get(path) == made

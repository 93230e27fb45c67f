"""Tenants made before anything exists in them; their sites, employers and addresses."""

import asyncio
from typing import Any

import pytest

from intercanal.infra.http.principal import Principal
from intercanal.kernel.errors import ConflictError, InvalidError
from intercanal.kernel.ids import TenantId, new_id
from intercanal.tenancy import service
from intercanal.tenancy.schemas import NewTenant
from tests.tenancy.api import NOW, Caller, House

pytestmark = pytest.mark.server

SITE = {"name": "Lille", "country": "FR", "timezone": "Europe/Paris"}
PLACES = [
    ("sites", SITE, {"name": "Saint-Denis", "country": "FR", "timezone": "Indian/Reunion"}),
    (
        "employers",
        {"name": "Centre SA", "country": "BE", "registration": "0403.170.701"},
        {"name": "C", "country": "FR"},
    ),
]


async def test_a_tenant_is_made_in_its_own_new_id(house: House) -> None:
    admin = await house.tenant("L'Étoile du Nord", locale="fr", country="BE")
    assert await admin.get("/api/tenancy/tenant") == {
        "id": admin.tenant_id,
        "version": 1,
        "name": "L'Étoile du Nord",
        "slug": "l-etoile-du-nord",
        "locale": "fr",
        "country": "BE",
    }
    assert admin.tenant_id in await service.all_tenant_ids(house.database)
    assert await service.tenant_by_slug(house.database, "l-etoile-du-nord") == admin.tenant_id
    assert await service.tenant_by_slug(house.database, "nobody") is None


async def test_tenants_of_one_name_made_at_once_get_different_slugs(house: House) -> None:
    made = await asyncio.gather(*(house.tenant("Twins") for _ in range(4)))
    slugs = [(await caller.get("/api/tenancy/tenant"))["slug"] for caller in made]
    assert sorted(slugs) == ["twins", "twins-2", "twins-3", "twins-4"]


async def test_a_slug_asked_for_and_taken_is_refused(house: House) -> None:
    await house.tenant("Taken", slug="taken-slug")
    with pytest.raises(ConflictError) as refused:
        await house.tenant("Other", slug="taken-slug")
    assert refused.value.code == "tenancy.slug_taken"


async def test_a_name_without_any_latin_letter_still_gives_a_slug(house: House) -> None:
    admin = await house.tenant("株式会社")
    assert (await admin.get("/api/tenancy/tenant"))["slug"].startswith("tenant")


async def test_a_tenant_in_no_country_is_refused(house: House) -> None:
    with pytest.raises(InvalidError):
        await house.tenant("Nowhere", country="XX")


async def test_a_tenant_made_twice_is_a_conflict(house: House, admin: Caller) -> None:
    with pytest.raises(ConflictError):
        async with house.database.unit_of_work(admin.tenant_id) as uow:
            await service.create_tenant(uow, NewTenant(name="Again"))


async def test_the_organisation_changes_its_name_and_keeps_its_slug(admin: Caller) -> None:
    before = await admin.get("/api/tenancy/tenant")
    body = {"name": "New name", "locale": "nl", "country": "BE", "version": 1, "reason": "moved"}
    assert await admin.put("/api/tenancy/tenant", body) == before | {
        "name": "New name", "locale": "nl", "country": "BE", "version": 2,
    }  # fmt: skip
    problem = await admin.refused(409, "PUT", "/api/tenancy/tenant", body)
    assert (problem["code"], problem["facts"]) == ("tenancy.changed_meanwhile", {"version": 2})


async def test_a_caller_of_a_tenant_that_was_never_made_finds_none(house: House) -> None:
    ghost = house.caller(TenantId(new_id(NOW)))
    assert isinstance(ghost.principal, Principal)
    assert (await ghost.refused(404, "GET", "/api/tenancy/tenant"))["code"] == "tenancy.tenant_unknown"


@pytest.mark.parametrize(("kind", "first", "second"), PLACES)
async def test_a_place_is_added_changed_listed_and_retired(
    admin: Caller, kind: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    made = await admin.post(f"/api/tenancy/{kind}", first)
    path = f"/api/tenancy/{kind}/{made['id']}"
    assert first.items() <= made.items()
    changed = await admin.put(path, second | {"reason": "moved"})
    assert second.items() <= changed.items()
    assert (changed["id"], changed["version"]) == (made["id"], 2)
    assert await admin.get(path) == changed
    assert (await admin.get(f"/api/tenancy/{kind}"))["items"] == [changed]
    await admin.refused(400, "DELETE", path, reason="x" * 501)
    assert (await admin.call("DELETE", path, reason="closed")).status_code == 204
    assert (await admin.get(f"/api/tenancy/{kind}"))["items"] == []
    for method, body in (("GET", None), ("PUT", second), ("DELETE", None)):
        await admin.refused(404, method, path, body)


@pytest.mark.parametrize(("kind", "first", "second"), PLACES)
async def test_another_tenants_place_is_not_there(
    house: House, admin: Caller, kind: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    made = await admin.post(f"/api/tenancy/{kind}", first)
    stranger = await house.tenant("Two")
    path = f"/api/tenancy/{kind}/{made['id']}"
    for method, body in (("GET", None), ("PUT", second), ("DELETE", None)):
        await stranger.refused(404, method, path, body)
    assert (await stranger.get(f"/api/tenancy/{kind}"))["items"] == []
    assert await admin.get(path) == made


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("sites", SITE | {"country": "XX"}, "tenancy.country_unknown"),
        ("sites", SITE | {"timezone": "Mars/Olympus"}, "tenancy.timezone_unknown"),
        ("employers", {"name": "C", "country": "ZZ"}, "tenancy.country_unknown"),
        ("addresses", {"kind": "mail", "value": "nobody"}, "tenancy.address_invalid"),
        ("addresses", {"kind": "phone", "value": "12"}, "tenancy.address_invalid"),
        ("addresses", {"kind": "domain", "value": "a b"}, "tenancy.address_invalid"),
    ],
)
async def test_a_wrong_place_is_refused(admin: Caller, kind: str, body: dict[str, Any], code: str) -> None:
    assert (await admin.refused(422, "POST", f"/api/tenancy/{kind}", body))["code"] == code


async def test_owned_addresses_are_kept_in_normal_form_once(house: House) -> None:
    admin = await house.tenant("Belgian", country="BE")
    site = await admin.post("/api/tenancy/sites", SITE)
    added = [
        await admin.post("/api/tenancy/addresses", body)
        for body in (
            {"kind": "mail", "value": "Help@Example.ORG", "label": "Help", "site_id": site["id"]},
            {"kind": "phone", "value": "02 501 02 11"},
            {"kind": "domain", "value": "Example.org."},
        )
    ]
    assert [each["value"] for each in added] == ["help@example.org", "+3225010211", "example.org"]
    again = {"kind": "phone", "value": "+32 2 501 02 11"}
    problem = await admin.refused(409, "POST", "/api/tenancy/addresses", again)
    assert (problem["code"], problem["facts"]) == ("tenancy.address_known", {"id": added[1]["id"]})
    assert (await admin.get("/api/tenancy/addresses"))["items"] == sorted(added, key=lambda each: each["id"])


async def test_a_retired_address_is_taken_up_again_under_its_old_id(admin: Caller) -> None:
    body = {"kind": "domain", "value": "example.org"}
    made = await admin.post("/api/tenancy/addresses", body)
    assert (await admin.call("DELETE", f"/api/tenancy/addresses/{made['id']}")).status_code == 204
    assert (await admin.get("/api/tenancy/addresses"))["items"] == []
    assert (await admin.post("/api/tenancy/addresses", body)) == made | {"version": 3}


async def test_one_address_added_twice_at_once_is_one_address(admin: Caller) -> None:
    body = {"kind": "mail", "value": "help@example.org"}
    answers = await asyncio.gather(*(admin.call("POST", "/api/tenancy/addresses", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len((await admin.get("/api/tenancy/addresses"))["items"]) == 1


async def test_two_tenants_may_say_that_one_address_is_theirs_and_learn_nothing_of_it(
    house: House, admin: Caller
) -> None:
    stranger = await house.tenant("Two")
    body = {"kind": "mail", "value": "help@example.org"}
    await admin.post("/api/tenancy/addresses", body)
    assert (await stranger.post("/api/tenancy/addresses", body))["version"] == 1


async def test_an_address_at_another_tenants_site_is_refused(house: House, admin: Caller) -> None:
    site = await admin.post("/api/tenancy/sites", SITE)
    stranger = await house.tenant("Two")
    body = {"kind": "domain", "value": "example.org", "site_id": site["id"]}
    assert (await stranger.refused(404, "POST", "/api/tenancy/addresses", body))["code"] == "tenancy.site_unknown"

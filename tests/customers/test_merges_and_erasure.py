"""Two that are one and back again, no id rewritten; and one that asks to be forgotten."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, text

from intercanal.apps import erasures
from intercanal.customers import service
from intercanal.customers.tables import Alias, Customer, Identity
from intercanal.infra.blobs.memory import MemoryBlobs
from intercanal.infra.db.own_tables import Erasure
from tests.customers.test_recognition import recognise
from tests.fixtures.servers import Urls
from tests.tenancy.api import Caller, House

pytestmark = pytest.mark.server

CUSTOMERS = "/api/customers"


async def person(caller: Caller, name: str) -> dict[str, Any]:
    made: dict[str, Any] = await caller.post(
        CUSTOMERS, {"name": name, "identities": [{"kind": "mail", "value": f"{name.lower()}@example.org"}]}
    )
    return made


async def merge(caller: Caller, one: dict[str, Any], into: dict[str, Any]) -> Any:
    return await caller.post(f"{CUSTOMERS}/{one['id']}/merge", {"into_id": into["id"], "reason": "same person"})


async def undo(caller: Caller, one: dict[str, Any]) -> Any:
    return await caller.post(f"{CUSTOMERS}/{one['id']}/merge/undo", {})


async def listed(caller: Caller, **query: str) -> set[str]:
    return {view["id"] for view in (await caller.get(CUSTOMERS, **query))["items"]}


async def actions(house: House, caller: Caller) -> list[str]:
    async with house.database.unit_of_work(caller.tenant_id) as uow:
        return list(await uow.session.scalars(text("SELECT action FROM identity_audit_pending")))


async def test_a_merged_customer_is_read_as_the_other_everywhere(house: House, admin: Caller) -> None:
    anna, bob = await person(admin, "Anna"), await person(admin, "Bob")
    await admin.patch(f"{CUSTOMERS}/{anna['id']}", {"notes": "hers"})
    merged = await merge(admin, anna, bob)
    assert merged["id"] == bob["id"]
    assert [identity["value"] for identity in merged["identities"]] == ["bob@example.org", "anna@example.org"]
    assert [identity["customer_id"] for identity in merged["identities"]] == [bob["id"], anna["id"]]
    assert merged["merged"] == [{"id": anna["id"], "name": "Anna", "notes": "hers"}]
    assert await admin.get(f"{CUSTOMERS}/{anna['id']}") == merged
    assert await recognise(house, admin, "mail", "anna@example.org") == bob["id"]
    assert await listed(admin) == {bob["id"]}
    assert await listed(admin, search="anna") == {bob["id"]}
    async with house.database.unit_of_work(admin.tenant_id) as uow:
        assert await service.members(uow, anna["id"]) == sorted([anna["id"], bob["id"]])


async def test_an_undone_merge_leaves_both_as_they_were(house: House, admin: Caller) -> None:
    anna, bob = await person(admin, "Anna"), await person(admin, "Bob")
    await merge(admin, anna, bob)
    assert await undo(admin, anna) == anna
    assert await admin.get(f"{CUSTOMERS}/{bob['id']}") == bob
    assert await recognise(house, admin, "mail", "anna@example.org") == anna["id"]
    assert await listed(admin) == {anna["id"], bob["id"]}
    assert await listed(admin, search="anna") == {anna["id"]}
    assert await listed(admin, search="bob") == {bob["id"]}
    assert sorted(await actions(house, admin)) == ["customers.merge_undone", "customers.merged"]


async def test_what_was_learnt_while_merged_stays_with_the_one_it_was_told_of(admin: Caller) -> None:
    anna, bob = await person(admin, "Anna"), await person(admin, "Bob")
    await merge(admin, anna, bob)
    await admin.post(f"{CUSTOMERS}/{anna['id']}/identities", {"kind": "mail", "value": "new@example.org"})
    await admin.patch(f"{CUSTOMERS}/{anna['id']}", {"notes": "told since"})
    assert await undo(admin, anna) == anna
    after = await admin.get(f"{CUSTOMERS}/{bob['id']}")
    assert [identity["value"] for identity in after["identities"]] == ["bob@example.org", "new@example.org"]
    assert after["notes"] == "told since"


async def test_merges_follow_each_other_and_are_undone_in_any_order(admin: Caller) -> None:
    anna, bob, carl, dora = [await person(admin, name) for name in ("Anna", "Bob", "Carl", "Dora")]
    await merge(admin, anna, bob)
    await merge(admin, bob, carl)
    await merge(admin, dora, anna)
    assert await listed(admin) == {carl["id"]}
    for name in ("anna", "bob", "carl", "dora"):
        assert await listed(admin, search=name) == {carl["id"]}
    assert (await undo(admin, bob))["id"] == bob["id"]
    assert await listed(admin, search="anna") == {bob["id"]}
    assert await listed(admin, search="dora") == {carl["id"]}
    assert (await undo(admin, anna))["id"] == anna["id"]
    assert (await undo(admin, dora))["id"] == dora["id"]
    assert await listed(admin) == {each["id"] for each in (anna, bob, carl, dora)}


async def test_merges_that_make_no_sense_are_refused(admin: Caller) -> None:
    anna, bob, carl = [await person(admin, name) for name in ("Anna", "Bob", "Carl")]
    path = f"{CUSTOMERS}/{anna['id']}/merge"
    assert (await admin.refused(409, "POST", f"{path}/undo", {}))["code"] == "customers.not_merged"
    assert (await admin.refused(409, "POST", path, {"into_id": anna["id"]}))["code"] == "customers.same_customer"
    assert (await admin.refused(404, "POST", path, {"into_id": "nobody"}))["code"] == "customers.unknown"
    await merge(admin, anna, bob)
    back = await admin.refused(409, "POST", f"{CUSTOMERS}/{bob['id']}/merge", {"into_id": anna["id"]})
    assert back["code"] == "customers.same_customer"
    twice = await admin.refused(409, "POST", path, {"into_id": carl["id"]})
    assert (twice["code"], twice["facts"]) == ("customers.already_merged", {"into_id": bob["id"]})


async def test_merges_of_a_circle_at_once_never_close_it(admin: Caller) -> None:
    people = [await person(admin, name) for name in ("Anna", "Bob", "Carl")]
    pairs = zip(people, [*people[1:], people[0]], strict=True)
    answers = await asyncio.gather(
        *(admin.call("POST", f"{CUSTOMERS}/{one['id']}/merge", {"into_id": into["id"]}) for one, into in pairs)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409]
    roots = {(await admin.get(f"{CUSTOMERS}/{each['id']}"))["id"] for each in people}
    assert roots == await listed(admin)
    assert len(roots) == 1


async def test_a_forgotten_customer_leaves_no_word_anywhere(house: House, admin: Caller) -> None:
    anna, bob = await person(admin, "Anna"), await person(admin, "Bob")
    await admin.patch(f"{CUSTOMERS}/{anna['id']}", {"notes": "secret words", "locale": "fr"})
    await merge(admin, anna, bob)
    await admin.post(f"{CUSTOMERS}/{anna['id']}/erase", {"reason": "asked"})
    shown = await admin.get(f"{CUSTOMERS}/{anna['id']}")
    assert (shown["name"], shown["notes"], shown["locale"], shown["identities"]) == (None, None, None, [])
    assert shown["erased_at"] == "2026-11-21T12:00:00Z"
    assert await listed(admin) == set()
    assert await listed(admin, search="anna") == set()
    async with house.database.unit_of_work(admin.tenant_id) as uow:
        for table in (Customer, Identity, Alias, Erasure):
            rows = str((await uow.session.execute(select(table.__table__))).all())
            for word in ("Anna", "anna@", "Bob", "bob@", "secret", "same person"):
                assert word not in rows
        noted = await uow.session.execute(text("SELECT target, key, columns, reason FROM infra_erasures"))
        erasures = {(row.target, str(row.key), tuple(row.columns), row.reason) for row in noted}
    for each in (anna["id"], bob["id"]):
        columns = ("name", "locale", "notes")
        assert ("customers_customers", str({"id": each}), columns, "asked") in erasures
        assert ("customers_identities", str({"customer_id": each}), ("value",), "asked") in erasures
    assert sorted(await actions(house, admin)) == ["customers.erased", "customers.merged"]


async def test_words_of_the_search_go_with_the_customer(house: House, admin: Caller, owner: Any) -> None:
    anna = await person(admin, "Anna")
    kept = "SELECT words FROM customers_search WHERE customer_id = $1"
    assert await owner.fetchval(kept, anna["id"]) == " anna anna@example.org"
    await admin.post(f"{CUSTOMERS}/{anna['id']}/erase", {"reason": "retention"})
    assert await owner.fetchval(kept, anna["id"]) is None


async def test_nothing_is_added_to_a_forgotten_customer_and_its_address_begins_anew(
    house: House, admin: Caller
) -> None:
    anna, bob = await person(admin, "Anna"), await person(admin, "Bob")
    path = f"{CUSTOMERS}/{anna['id']}"
    await admin.post(f"{path}/erase", {"reason": "asked"})
    await admin.post(f"{path}/erase", {"reason": "asked"})
    asks: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"name": "Anna"}),
        ("POST", f"{path}/identities", {"kind": "mail", "value": "anna@example.org"}),
        ("POST", f"{path}/merge", {"into_id": bob["id"]}),
        ("POST", f"{CUSTOMERS}/{bob['id']}/merge", {"into_id": anna["id"]}),
    ]
    for method, where, body in asks:
        assert (await admin.refused(409, method, where, body))["code"] == "customers.erased"
    assert await recognise(house, admin, "mail", "anna@example.org", "Anna") not in {anna["id"], bob["id"]}


async def test_why_a_customer_is_forgotten_is_a_code_and_no_sentence(admin: Caller) -> None:
    anna = await person(admin, "Anna")
    await admin.refused(400, "POST", f"{CUSTOMERS}/{anna['id']}/erase", {"reason": "Anna Durand asked"})


async def test_a_restored_backup_forgets_again(admin: Caller, database: Urls) -> None:
    anna = await person(admin, "Anna")
    await admin.post(f"{CUSTOMERS}/{anna['id']}/erase", {"reason": "asked"})
    restoring = await asyncpg.connect(database.superuser)
    noted = await erasures.known(restoring)
    # What a backup made before the erasure brings back.
    await restoring.execute("UPDATE customers_customers SET name = 'Anna', erased_at = NULL WHERE id = $1", anna["id"])
    await restoring.execute(
        "UPDATE customers_identities SET value = 'anna@example.org' WHERE customer_id = $1", anna["id"]
    )
    assert await listed(admin, search="anna") == {anna["id"]}
    await erasures.carry_out(restoring, MemoryBlobs(), noted)
    await restoring.close()
    assert await listed(admin, search="anna") == set()
    shown = await admin.get(f"{CUSTOMERS}/{anna['id']}")
    assert (shown["name"], shown["identities"]) == (None, [])

"""Recognition: one customer for one address, however it is written and however many ask at once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from intercanal.customers import service
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import InvalidError, NotFoundError
from intercanal.kernel.ids import CustomerId
from tests.tenancy.api import Caller, House

pytestmark = pytest.mark.server

CUSTOMERS = "/api/customers"


async def recognise(house: House, caller: Caller, kind: Any, value: str, name: str | None = None) -> CustomerId:
    async with house.database.unit_of_work(caller.tenant_id) as uow:
        found = await service.recognise(uow, kind, value, name)
        await uow.commit()
    return found


async def test_somebody_new_is_kept_with_the_name_heard(house: House, admin: Caller) -> None:
    found = await recognise(house, admin, "mail", "Camille@Example.org", "  Camille\r\n\x00 Durand  ")
    view = await admin.get(f"{CUSTOMERS}/{found}")
    assert view["name"] == "Camille Durand"
    assert [identity["value"] for identity in view["identities"]] == ["camille@example.org"]


async def test_every_spelling_of_an_address_is_the_same_customer(house: House, admin: Caller) -> None:
    by_mail = [
        await recognise(house, admin, "mail", value) for value in ("Zoé@Bücher.example", "zoé@xn--bcher-kva.example")
    ]
    assert len(set(by_mail)) == 1
    numbers = ("06 12 34 56 78", "+33612345678", "0033 6 12 34 56 78")
    assert len({await recognise(house, admin, "phone", value) for value in numbers}) == 1


async def test_a_name_heard_later_changes_nothing(house: House, admin: Caller) -> None:
    found = await recognise(house, admin, "mail", "camille@example.org", "Camille")
    assert await recognise(house, admin, "mail", "camille@example.org", "The Bank") == found
    assert (await admin.get(f"{CUSTOMERS}/{found}"))["name"] == "Camille"


async def test_many_at_once_recognise_one_new_customer(house: House, admin: Caller) -> None:
    found = await asyncio.gather(
        *(recognise(house, admin, "mail", "crowd@example.org", f"N{number}") for number in range(8))
    )
    assert len(set(found)) == 1
    items = (await admin.get(CUSTOMERS))["items"]
    assert [view["id"] for view in items] == [found[0]]
    assert (await admin.get(CUSTOMERS, search="crowd@example.org"))["items"] == items


async def test_the_loser_of_a_race_goes_on_in_the_same_unit_of_work(house: House, admin: Caller) -> None:
    async with (
        house.database.unit_of_work(admin.tenant_id) as first,
        house.database.unit_of_work(admin.tenant_id) as second,
    ):
        winner = await service.recognise(first, "mail", "race@example.org")
        losing = asyncio.create_task(service.recognise(second, "mail", "race@example.org"))
        await _waits_for_the_other(house, second)
        await first.commit()
        assert await losing == winner
        after = await service.recognise(second, "mail", "after@example.org")
        await second.commit()
    assert (await admin.get(f"{CUSTOMERS}/{after}"))["id"] == after


async def _waits_for_the_other(house: House, uow: UnitOfWork) -> None:
    """Return once the database says that somebody waits for a lock."""
    async with house.database.unit_of_work(uow.tenant_id) as watcher:
        async with asyncio.timeout(20):
            while True:
                waiting = await watcher.session.scalar(
                    text(
                        "SELECT count(*) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    )
                )
                if waiting:
                    return


async def test_two_tenants_know_one_address_as_two_customers(house: House, admin: Caller) -> None:
    stranger = await house.tenant("Two")
    mine = await recognise(house, admin, "mail", "camille@example.org")
    theirs = await recognise(house, stranger, "mail", "camille@example.org")
    assert mine != theirs
    assert await recognise(house, admin, "mail", "camille@example.org") == mine


@pytest.mark.parametrize(
    ("kind", "value"), [("mail", "undisclosed recipients"), ("phone", "anonymous"), ("phone", "15")]
)
async def test_what_is_no_address_is_refused_and_keeps_nobody(
    house: House, admin: Caller, kind: str, value: str
) -> None:
    with pytest.raises(InvalidError):
        await recognise(house, admin, kind, value)
    assert (await admin.get(CUSTOMERS))["items"] == []


async def test_other_features_read_a_customer_by_the_service(house: House, admin: Caller) -> None:
    found = await recognise(house, admin, "mail", "camille@example.org", "Camille")
    async with house.database.unit_of_work(admin.tenant_id) as uow:
        assert (await service.get(uow, found)).name == "Camille"
        assert await service.canonical(uow, found) == found
        for unknown in ("nonsense", str(admin.tenant_id)):
            with pytest.raises(NotFoundError):
                await service.get(uow, unknown)

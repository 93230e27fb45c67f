"""Any series of merges and undos reads as a plain model of it does, through every way of reading."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import text

from intercanal.customers import service
from intercanal.customers.schemas import MergeBody, NewCustomer, NewIdentity
from intercanal.kernel.errors import ConflictError
from tests.tenancy.api import Caller, House

pytestmark = pytest.mark.server

PEOPLE = 5
someone = st.integers(0, PEOPLE - 1)
steps = st.lists(
    st.tuples(st.just("merge"), someone, someone) | st.tuples(st.just("undo"), someone, st.just(0)), max_size=14
)


class Model:
    """Who is read as whom."""

    def __init__(self) -> None:
        self.into: dict[int, int] = {}

    def root(self, one: int) -> int:
        while one in self.into:
            one = self.into[one]
        return one

    def allows(self, verb: str, one: int, other: int) -> bool:
        if verb == "undo":
            return one in self.into
        return one not in self.into and self.root(other) != one

    def do(self, verb: str, one: int, other: int) -> None:
        if verb == "undo":
            del self.into[one]
        else:
            self.into[one] = self.root(other)


@seed(20261121)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
async def test_any_series_of_merges_and_undos_reads_as_its_model(
    house: House, plan: list[tuple[str, int, int]]
) -> None:
    caller, model = await house.tenant("Machine"), Model()
    ids = [await make(house, caller, f"person{number}") for number in range(PEOPLE)]
    for verb, one, other in plan:
        allowed = model.allows(verb, one, other)
        assert await try_step(house, caller, verb, ids[one], ids[other]) is allowed, (verb, one, other)
        if allowed:
            model.do(verb, one, other)
    roots = {number: ids[model.root(number)] for number in range(PEOPLE)}
    async with house.database.unit_of_work(caller.tenant_id) as uow:
        for number, root in roots.items():
            assert await service.canonical(uow, ids[number]) == root
            assert await service.recognise(uow, "mail", f"person{number}@example.org") == root
            assert set(await service.members(uow, ids[number])) == {
                ids[each] for each, its in roots.items() if its == root
            }
            words = text("SELECT customer_id::text FROM customers_find(:tenant, :asked, NULL, NULL, 10)")
            asked: dict[str, Any] = {"tenant": caller.tenant_id, "asked": f"person{number}@example.org"}
            assert list(await uow.session.scalars(words, asked)) == [root]
        page = await service.list_customers(uow, None, None, None)
        assert {view.id for view in page.items} == set(roots.values())


async def make(house: House, caller: Caller, name: str) -> str:
    async with house.database.unit_of_work(caller.tenant_id) as uow:
        identity = NewIdentity(kind="mail", value=f"{name}@example.org")
        made = await service.create(uow, NewCustomer(name=name, identities=[identity]))
        await uow.commit()
    return made.id


async def try_step(house: House, caller: Caller, verb: str, one: str, other: str) -> bool:
    async with house.database.unit_of_work(caller.tenant_id) as uow:
        try:
            if verb == "undo":
                await service.undo_merge(uow, one)
            else:
                await service.merge(uow, one, MergeBody(into_id=other))
        except ConflictError:
            return False
        await uow.commit()
    return True

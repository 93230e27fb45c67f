"""The HTTP doors of customers."""

from typing import Annotated

from litestar import Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from intercanal.customers import service
from intercanal.customers.schemas import (
    CustomerPatch,
    CustomerView,
    EraseBody,
    MergeBody,
    NewCustomer,
    NewIdentity,
)
from intercanal.infra.http.door import Door
from intercanal.kernel.paging import Page


@get("/", opt={"permission": "customers.read"})
async def list_customers(
    door: NamedDependency[Door],
    search: Annotated[str | None, QueryParameter(max_length=200)] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> Page[CustomerView]:
    """Return customers in the order they came, or those that a search fits, the best first."""
    return await door.read(lambda uow: service.list_customers(uow, search, cursor, limit))


@post("/", opt={"permission": "customers.work"})
async def create_customer(door: NamedDependency[Door], data: JSONBody[NewCustomer]) -> CustomerView:
    """Keep a customer that somebody enters."""
    return await door.write(lambda uow: service.create(uow, data))


@get("/{customer_id:str}", opt={"permission": "customers.read"})
async def get_customer(door: NamedDependency[Door], customer_id: FromPath[str]) -> CustomerView:
    """Return a customer with everything known of it."""
    return await door.read(lambda uow: service.get(uow, customer_id))


@patch("/{customer_id:str}", opt={"permission": "customers.work"})
async def change_customer(
    door: NamedDependency[Door], customer_id: FromPath[str], data: JSONBody[CustomerPatch]
) -> CustomerView:
    """Change what a profile says."""
    return await door.write(lambda uow: service.change(uow, customer_id, data))


@post("/{customer_id:str}/identities", opt={"permission": "customers.work"})
async def add_identity(
    door: NamedDependency[Door], customer_id: FromPath[str], data: JSONBody[NewIdentity]
) -> CustomerView:
    """Add a mail address or phone number."""
    return await door.write(lambda uow: service.add_identity(uow, customer_id, data))


@post("/{customer_id:str}/merge", status_code=200, opt={"permission": "customers.work"})
async def merge_customer(
    door: NamedDependency[Door], customer_id: FromPath[str], data: JSONBody[MergeBody]
) -> CustomerView:
    """Have a customer read as another one; answers that one."""
    return await door.write(lambda uow: service.merge(uow, customer_id, data))


@post("/{customer_id:str}/merge/undo", status_code=200, opt={"permission": "customers.work"})
async def undo_merge(door: NamedDependency[Door], customer_id: FromPath[str]) -> CustomerView:
    """Have a merged customer read as itself again."""
    return await door.write(lambda uow: service.undo_merge(uow, customer_id))


@post("/{customer_id:str}/erase", status_code=204, opt={"permission": "customers.erase"})
async def erase_customer(door: NamedDependency[Door], customer_id: FromPath[str], data: JSONBody[EraseBody]) -> None:
    """Forget a customer under all its ids."""
    await door.write(lambda uow: service.erase(uow, customer_id, data))


router = Router(
    path="/api/customers",
    tags=["customers"],
    route_handlers=[
        list_customers, create_customer, get_customer, change_customer, add_identity, merge_customer, undo_merge,
        erase_customer,
    ],
)  # fmt: skip

"""Two that are one: merged and undone without rewriting an id; and one that asks to be forgotten."""

from intercanal.customers import repository
from intercanal.customers.errors import ErasedError, UnknownCustomerError
from intercanal.customers.events import CustomerErased, CustomerMerged, MergeUndone
from intercanal.customers.schemas import CustomerView, EraseBody, MergeBody
from intercanal.customers.service.profiles import canonical, get, members
from intercanal.customers.tables import Alias
from intercanal.identity import service as identity
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import ConflictError
from intercanal.kernel.ids import CustomerId


async def merge(uow: UnitOfWork, customer_id: str, body: MergeBody) -> CustomerView:
    """Have a customer read as another one from now on."""
    await repository.lock_merges(uow)
    into = await canonical(uow, body.into_id)
    if await canonical(uow, customer_id) == into:
        raise ConflictError("customers.same_customer", id=into)
    if await repository.standing_alias(uow, customer_id) is not None:
        raise ConflictError("customers.already_merged", into_id=await canonical(uow, customer_id))
    # In one order, so that two transactions never wait for each other.
    for each in sorted((customer_id, into)):
        row = await repository.customer(uow, each, lock=True)
        if row is None:
            raise UnknownCustomerError
        if row.erased_at is not None:
            raise ErasedError(row.id)
    uow.session.add(
        Alias(
            tenant_id=uow.tenant_id, id=uow.new_id(), customer_id=CustomerId(customer_id), into_id=into,
            author_id=uow.actor, at=uow.now, reason=body.reason, undone_by=None, undone_at=None,
        )
    )  # fmt: skip
    await uow.session.flush()
    identity.record(uow, "customers.merged", customer_id, into_id=into)
    uow.publish(CustomerMerged(customer_id, into))
    return await get(uow, into)


async def undo_merge(uow: UnitOfWork, customer_id: str) -> CustomerView:
    """Have a merged customer read as itself again, with those that were merged into it before."""
    await repository.lock_merges(uow)
    await canonical(uow, customer_id)
    alias = await repository.standing_alias(uow, customer_id)
    if alias is None:
        raise ConflictError("customers.not_merged", id=customer_id)
    alias.undone_at, alias.undone_by = uow.now, uow.actor
    await uow.session.flush()
    identity.record(uow, "customers.merge_undone", customer_id, from_id=alias.into_id)
    uow.publish(MergeUndone(customer_id, alias.into_id))
    return await get(uow, customer_id)


async def erase(uow: UnitOfWork, customer_id: str, body: EraseBody) -> None:
    """Forget a customer under all its ids; what other parts keep of it goes when they hear of it."""
    await repository.lock_merges(uow)
    root = await repository.customer(uow, await canonical(uow, customer_id), lock=True)
    if root is None or root.erased_at is not None:
        return
    ids = await members(uow, root.id)
    await repository.forget(uow, ids, body.reason)
    identity.record(uow, "customers.erased", root.id, reason=body.reason, count=len(ids))
    uow.publish(CustomerErased(tuple(ids)))

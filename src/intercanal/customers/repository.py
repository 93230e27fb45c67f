"""All queries of customers."""

from collections.abc import Sequence

from sqlalchemy import Row, exists, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from intercanal.customers.tables import Alias, Customer, Identity
from intercanal.infra.db.own_tables import Erasure
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import CustomerId, is_id

_ROOT = text("SELECT customers_root(:tenant, :asked)")
_MEMBERS = text("SELECT root_id, id FROM customers_members(:tenant, :roots) ORDER BY root_id, id")
_FIND = text("SELECT customer_id, rank FROM customers_find(:tenant, :asked, :rank, :after, :size)")
_ONE_MERGE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('customers_merge/' || :tenant, 0))")


async def customer(uow: UnitOfWork, customer_id: str, *, lock: bool = False) -> Customer | None:
    """Find a customer by its own id; `lock` keeps others from changing it until the end of the transaction."""
    if not is_id(customer_id):
        return None
    query = select(Customer).where(Customer.tenant_id == uow.tenant_id, Customer.id == customer_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await uow.session.scalars(query)).one_or_none()


async def root_of(uow: UnitOfWork, customer_id: str) -> CustomerId:
    """Follow merges to the customer that this one is read as."""
    return CustomerId(str(await uow.session.scalar(_ROOT, {"tenant": uow.tenant_id, "asked": customer_id})))


async def members_of(uow: UnitOfWork, roots: Sequence[str]) -> dict[str, list[str]]:
    """Return, for each customer, every id that is read as it, its own included."""
    found: dict[str, list[str]] = {root: [] for root in roots}
    for row in await uow.session.execute(_MEMBERS, {"tenant": uow.tenant_id, "roots": list(roots)}):
        found[str(row.root_id)].append(str(row.id))
    return found


async def customers_of(uow: UnitOfWork, ids: Sequence[str]) -> Sequence[Customer]:
    """Return customers by id."""
    query = select(Customer).where(Customer.tenant_id == uow.tenant_id, Customer.id.in_(ids))
    return (await uow.session.scalars(query.order_by(Customer.id))).all()


async def identities_of(uow: UnitOfWork, ids: Sequence[str]) -> Sequence[Identity]:
    """Return the identities of customers, oldest first."""
    query = select(Identity).where(
        Identity.tenant_id == uow.tenant_id, Identity.customer_id.in_(ids), Identity.value.is_not(None)
    )
    return (await uow.session.scalars(query.order_by(Identity.added_at, Identity.kind, Identity.value))).all()


async def holder(uow: UnitOfWork, kind: str, value: str) -> CustomerId | None:
    """Return the customer to whom an identity was given."""
    query = select(Identity.customer_id).where(
        Identity.tenant_id == uow.tenant_id, Identity.kind == kind, Identity.value == value
    )
    return await uow.session.scalar(query)


async def add(uow: UnitOfWork, *rows: Customer | Identity) -> bool:
    """Write new rows together; False, and nothing written, when an identity among them was taken meanwhile."""
    try:
        async with uow.session.begin_nested():
            uow.session.add_all(rows)
    except IntegrityError:
        return False
    return True


async def roots_after(uow: UnitOfWork, after: str | None, limit: int) -> Sequence[CustomerId]:
    """Return ids of customers that are read as themselves and not erased, in the order they came."""
    merged = exists().where(
        Alias.tenant_id == Customer.tenant_id, Alias.customer_id == Customer.id, Alias.undone_at.is_(None)
    )
    query = select(Customer.id).where(Customer.tenant_id == uow.tenant_id, Customer.erased_at.is_(None), ~merged)
    if after is not None:
        query = query.where(Customer.id > after)
    return (await uow.session.scalars(query.order_by(Customer.id).limit(limit))).all()


async def find(
    uow: UnitOfWork, asked: str, after: tuple[int, str] | None, limit: int
) -> Sequence[Row[tuple[str, int]]]:
    """Return ids with their ranks, best first, of customers that the words fit."""
    rank, last = after or (None, None)
    values = {"tenant": uow.tenant_id, "asked": asked, "rank": rank, "after": last, "size": limit}
    return (await uow.session.execute(_FIND, values)).all()


async def lock_merges(uow: UnitOfWork) -> None:
    """Wait to be the only one in the tenant who merges, until the end of the transaction."""
    await uow.session.execute(_ONE_MERGE_AT_A_TIME, {"tenant": uow.tenant_id})


async def standing_alias(uow: UnitOfWork, customer_id: str) -> Alias | None:
    """Return the merge by which a customer is read as another one."""
    query = select(Alias).where(
        Alias.tenant_id == uow.tenant_id, Alias.customer_id == customer_id, Alias.undone_at.is_(None)
    )
    return (await uow.session.scalars(query)).one_or_none()


async def forget(uow: UnitOfWork, ids: Sequence[str], reason: str) -> None:
    """Remove every word kept about customers, and note the removal for backups restored later."""
    mine = uow.tenant_id
    words = {"name": None, "locale": None, "notes": None}
    await uow.session.execute(
        update(Customer)
        .where(Customer.tenant_id == mine, Customer.id.in_(ids))
        .values(**words, erased_at=uow.now, changed_at=uow.now)
    )
    await uow.session.execute(
        update(Identity).where(Identity.tenant_id == mine, Identity.customer_id.in_(ids)).values(value=None)
    )
    await uow.session.execute(
        update(Alias)
        .where(Alias.tenant_id == mine, or_(Alias.customer_id.in_(ids), Alias.into_id.in_(ids)))
        .values(reason=None)
    )
    for each in ids:
        for target, key, columns in (
            (Customer.__tablename__, {"id": each}, list(words)),
            (Identity.__tablename__, {"customer_id": each}, ["value"]),
            (Alias.__tablename__, {"customer_id": each}, ["reason"]),
            (Alias.__tablename__, {"into_id": each}, ["reason"]),
        ):
            uow.session.add(
                Erasure(
                    tenant_id=mine, id=uow.new_id(), target=target, key=key, columns=columns,
                    at=uow.now, actor=uow.actor, reason=reason,
                )
            )  # fmt: skip

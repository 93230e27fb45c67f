"""Profiles: read through merges, so that every id of a person shows one person."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NoReturn

from msgspec import UNSET

from intercanal.customers import repository
from intercanal.customers.errors import ErasedError, IdentityKnownError, UnknownCustomerError
from intercanal.customers.events import CustomerChanged, CustomerCreated
from intercanal.customers.schemas import (
    CustomerPatch,
    CustomerView,
    IdentityKind,
    IdentityView,
    MergedView,
    NewCustomer,
    NewIdentity,
)
from intercanal.customers.tables import Customer, Identity
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import UnavailableError
from intercanal.kernel.ids import CustomerId, is_id
from intercanal.tenancy import service as tenancy


async def create(uow: UnitOfWork, new: NewCustomer) -> CustomerView:
    """Keep a customer that somebody entered; an identity that belongs to another one is refused."""
    made = fresh_customer(uow, new.name, new.locale, new.notes)
    given = dict.fromkeys([(each.kind, await normal_value(uow, each.kind, each.value)) for each in new.identities])
    await _require_free(uow, given)
    rows = [fresh_identity(uow, made.id, kind, value) for kind, value in given]
    if not await repository.add(uow, made, *rows):
        await _say_taken(uow, given)
    uow.publish(CustomerCreated(made.id))
    return await get(uow, made.id)


async def get(uow: UnitOfWork, customer_id: str) -> CustomerView:
    """Return a customer with everything known of it; one that was merged is shown as what it is read as."""
    return (await views(uow, [await canonical(uow, customer_id)]))[0]


async def change(uow: UnitOfWork, customer_id: str, patch: CustomerPatch) -> CustomerView:
    """Change what a profile says."""
    row = await living(uow, customer_id)
    for field in ("name", "locale", "notes"):
        given = getattr(patch, field)
        if given is not UNSET:
            setattr(row, field, given)
    return await _changed(uow, row)


async def add_identity(uow: UnitOfWork, customer_id: str, new: NewIdentity) -> CustomerView:
    """Add a mail address or phone number by which the customer is recognised from now on."""
    row = await living(uow, customer_id)
    given = {(new.kind, await normal_value(uow, new.kind, new.value)): None}
    await _require_free(uow, given)
    if not await repository.add(uow, *(fresh_identity(uow, row.id, kind, value) for kind, value in given)):
        await _say_taken(uow, given)
    return await _changed(uow, row)


async def canonical(uow: UnitOfWork, customer_id: str) -> CustomerId:
    """Return the id that a customer is read as; ids kept elsewhere are never rewritten, but read through this."""
    if not is_id(customer_id) or await repository.customer(uow, customer_id) is None:
        raise UnknownCustomerError
    return await repository.root_of(uow, customer_id)


async def members(uow: UnitOfWork, customer_id: str) -> list[CustomerId]:
    """Return every id that is read as the same customer, for whoever looks up what was kept under any of them."""
    root = await canonical(uow, customer_id)
    return [CustomerId(each) for each in (await repository.members_of(uow, [root]))[root]]


async def living(uow: UnitOfWork, customer_id: str) -> Customer:
    """Take the customer that an id is read as, to change it; one that was erased is refused."""
    row = await repository.customer(uow, await canonical(uow, customer_id), lock=True)
    if row is None:
        raise UnknownCustomerError
    if row.erased_at is not None:
        raise ErasedError(row.id)
    return row


def fresh_customer(
    uow: UnitOfWork, name: str | None = None, locale: str | None = None, notes: str | None = None
) -> Customer:
    """Make the row of a new customer."""
    return Customer(
        tenant_id=uow.tenant_id, id=CustomerId(uow.new_id()), name=name, locale=locale, notes=notes,
        created_at=uow.now, changed_at=uow.now, erased_at=None,
    )  # fmt: skip


def fresh_identity(uow: UnitOfWork, customer_id: CustomerId, kind: str, value: str) -> Identity:
    """Make the row of a new identity."""
    return Identity(
        tenant_id=uow.tenant_id, id=uow.new_id(), customer_id=customer_id, kind=kind, value=value, added_at=uow.now
    )


async def normal_value(uow: UnitOfWork, kind: IdentityKind, value: str) -> str:
    """Bring an address to the form it is compared in; a number is read as dialled in the tenant's country."""
    if kind == "mail":
        return tenancy.normal_mail(value)
    return tenancy.normal_phone(value, (await tenancy.get_tenant(uow)).country)


async def views(uow: UnitOfWork, roots: Sequence[str]) -> list[CustomerView]:
    """Show customers that are read as themselves, in the order asked."""
    by_root = await repository.members_of(uow, roots)
    ids = [each for members_of_one in by_root.values() for each in members_of_one]
    rows: dict[str, Customer] = {row.id: row for row in await repository.customers_of(uow, ids)}
    identities = defaultdict(list)
    for each in await repository.identities_of(uow, ids):
        identities[each.customer_id].append(IdentityView(each.id, each.kind, each.value or "", each.customer_id))
    shown = []
    for root in roots:
        row = rows[root]
        others = [rows[each] for each in by_root[root] if each != root]
        name = row.name or next((other.name for other in others if other.name), None)
        mine = [view for each in (row, *others) for view in identities[each.id]]
        merged = [MergedView(other.id, other.name, other.notes) for other in others]
        shown.append(
            CustomerView(
                row.id, name, row.locale, row.notes, mine, merged, row.created_at, row.changed_at, row.erased_at
            )
        )
    return shown


async def _changed(uow: UnitOfWork, row: Customer) -> CustomerView:
    row.changed_at = uow.now
    await uow.session.flush()
    uow.publish(CustomerChanged(row.id))
    return await get(uow, row.id)


async def _require_free(uow: UnitOfWork, given: dict[tuple[IdentityKind, str], None]) -> None:
    for kind, value in given:
        known = await repository.holder(uow, kind, value)
        if known is not None:
            raise IdentityKnownError(kind, await repository.root_of(uow, known))


async def _say_taken(uow: UnitOfWork, given: dict[tuple[IdentityKind, str], None]) -> NoReturn:
    await _require_free(uow, given)
    raise UnavailableError("customers.busy", retry_after_s=1)

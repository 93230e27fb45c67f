"""Recognition: whose address is this? Somebody new is kept at once, and once, however many ask together."""

from intercanal.customers import repository
from intercanal.customers.domain import fit_name
from intercanal.customers.events import CustomerCreated
from intercanal.customers.schemas import IdentityKind
from intercanal.customers.service.profiles import fresh_customer, fresh_identity, normal_value
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import UnavailableError
from intercanal.kernel.ids import CustomerId

_TRIES = 3


async def recognise(uow: UnitOfWork, kind: IdentityKind, value: str, display_name: str | None = None) -> CustomerId:
    """Return the customer behind an address, read through merges; a new one is made when nobody is known by it.

    A value that no such address can have raises `tenancy.address_invalid`. The name heard is kept for a new customer
    only: what a sender calls himself never changes a profile.
    """
    normal = await normal_value(uow, kind, value)
    for _ in range(_TRIES):
        known = await repository.holder(uow, kind, normal)
        if known is not None:
            return await repository.root_of(uow, known)
        made = fresh_customer(uow, fit_name(display_name))
        if await repository.add(uow, made, fresh_identity(uow, made.id, kind, normal)):
            uow.publish(CustomerCreated(made.id))
            return made.id
    raise UnavailableError("customers.busy", retry_after_s=1)

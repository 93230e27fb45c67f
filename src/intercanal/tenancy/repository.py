"""All queries of tenancy beyond the versions of a row."""

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import ConflictError
from intercanal.tenancy.tables import OwnedAddress

ALL_TENANTS = text("SELECT tenant_id FROM tenancy_all_tenants()")
SLUG_HOLDER = text("SELECT tenancy_slug_holder(:slug)")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('tenancy_slug', 0))")


async def lock_slugs(uow: UnitOfWork) -> None:
    """Wait to be the only one who chooses a slug, until the end of the transaction."""
    await uow.session.execute(_ONE_AT_A_TIME)


async def slug_is_free(uow: UnitOfWork, slug: str) -> bool:
    """Say whether no tenant, of all there are, goes by a slug."""
    return await uow.session.scalar(SLUG_HOLDER, {"slug": slug}) is None


async def address_by_value(uow: UnitOfWork, kind: str, value: str) -> OwnedAddress | None:
    """Find the last version of an owned address by its value, retired or not."""
    query = select(OwnedAddress).where(
        OwnedAddress.tenant_id == uow.tenant_id, OwnedAddress.kind == kind, OwnedAddress.value == value
    )
    return (await uow.session.scalars(query.order_by(OwnedAddress.version.desc()).limit(1))).one_or_none()


async def write_version(uow: UnitOfWork) -> None:
    """Write the version just appended; another one written at the same time is a conflict."""
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise ConflictError("tenancy.changed_meanwhile") from error

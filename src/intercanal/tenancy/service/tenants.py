"""Tenants: made before anything else exists in them, and found before anybody is known."""

import re
import unicodedata

from intercanal.infra.db import versions
from intercanal.infra.db.database import Database
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import ConflictError, InvalidError, NotFoundError
from intercanal.kernel.ids import TenantId
from intercanal.tenancy import repository
from intercanal.tenancy.domain.addresses import is_country
from intercanal.tenancy.events import TenantChanged, TenantCreated
from intercanal.tenancy.schemas import NewTenant, TenantBody, TenantView
from intercanal.tenancy.tables import Tenant

_LONGEST_SLUG = 40


async def create_tenant(uow: UnitOfWork, new: NewTenant) -> TenantView:
    """Make the tenant that the unit of work was opened for: its fresh id is the new tenant's id."""
    require_country(new.country)
    await repository.lock_slugs(uow)
    slug = await _free_slug(uow, new)
    values = {"name": new.name, "slug": slug, "locale": new.locale, "country": new.country}
    row = versions.first(uow, Tenant, values, "created", row_id=uow.tenant_id)
    await repository.write_version(uow)
    uow.publish(TenantCreated(uow.tenant_id))
    return _view(row)


async def get_tenant(uow: UnitOfWork) -> TenantView:
    """Return the organisation the caller belongs to."""
    return _view(await _current(uow))


async def change_tenant(uow: UnitOfWork, body: TenantBody) -> TenantView:
    """Change the name, language or country of the organisation."""
    require_country(body.country)
    row = await _current(uow)
    require_version(row.version, body.version)
    values = {"name": body.name, "locale": body.locale, "country": body.country}
    changed = versions.next_of(uow, row, values, body.reason)
    await repository.write_version(uow)
    uow.publish(TenantChanged(changed.version))
    return _view(changed)


async def all_tenant_ids(database: Database) -> list[TenantId]:
    """Return the ids of all tenants, oldest first; nothing else of them can be seen this way."""
    return [TenantId(str(row.tenant_id)) for row in await database.lookup(repository.ALL_TENANTS)]


async def tenant_by_slug(database: Database, slug: str) -> TenantId | None:
    """Return the id of the tenant that goes by a slug."""
    found = (await database.lookup(repository.SLUG_HOLDER, slug=slug))[0][0]
    return None if found is None else TenantId(str(found))


def require_country(country: str) -> None:
    """Refuse what is no country; raises `tenancy.country_unknown`."""
    if not is_country(country):
        raise InvalidError("tenancy.country_unknown", country=country)


def require_version(current: int, expected: int | None) -> None:
    """Refuse a change made on an older version than the current one, when the caller says which it saw."""
    if expected is not None and expected != current:
        raise ConflictError("tenancy.changed_meanwhile", version=current)


async def _free_slug(uow: UnitOfWork, new: NewTenant) -> str:
    if new.slug is not None:
        if not await repository.slug_is_free(uow, new.slug):
            raise ConflictError("tenancy.slug_taken", slug=new.slug)
        return new.slug
    ascii_name = unicodedata.normalize("NFKD", new.name).encode("ascii", "ignore").decode().lower()
    wish = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_LONGEST_SLUG].strip("-") or "tenant"
    slug, number = wish, 1
    while not await repository.slug_is_free(uow, slug):
        number += 1
        slug = f"{wish}-{number}"
    return slug


async def _current(uow: UnitOfWork) -> Tenant:
    row = await versions.current(uow, Tenant, uow.tenant_id)
    if row is None:
        raise NotFoundError("tenancy.tenant_unknown")
    return row


def _view(row: Tenant) -> TenantView:
    return TenantView(row.id, row.version, row.name, row.slug, row.locale, row.country)

"""Sites, employers, and the addresses that the tenant says are its own."""

from typing import Any, TypeVar

from intercanal.infra.db import versions
from intercanal.infra.db.tables import Versioned
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import ConflictError, NotFoundError
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor
from intercanal.tenancy import repository
from intercanal.tenancy.domain.addresses import normal_address
from intercanal.tenancy.domain.calendars import zone_of
from intercanal.tenancy.events import PlaceChanged
from intercanal.tenancy.schemas import AddressBody, AddressView, EmployerBody, EmployerView, SiteBody, SiteView
from intercanal.tenancy.service.tenants import get_tenant, require_country
from intercanal.tenancy.tables import Employer, OwnedAddress, Site

Place = TypeVar("Place", Site, Employer, OwnedAddress)

_KINDS: dict[type[Versioned], str] = {Site: "site", Employer: "employer", OwnedAddress: "address"}


async def add_site(uow: UnitOfWork, body: SiteBody) -> SiteView:
    """Add a site."""
    return _site(await _written(uow, versions.first(uow, Site, _site_values(body), body.reason)))


async def change_site(uow: UnitOfWork, site_id: str, body: SiteBody) -> SiteView:
    """Change a site."""
    row = await _current(uow, Site, site_id)
    return _site(await _written(uow, versions.next_of(uow, row, _site_values(body), body.reason)))


async def get_site(uow: UnitOfWork, site_id: str) -> SiteView:
    """Return a site."""
    return _site(await _current(uow, Site, site_id))


async def retire_site(uow: UnitOfWork, site_id: str, reason: str) -> None:
    """Take a site out of use; what was kept about it stays."""
    await _retire(uow, Site, site_id, reason)


async def list_sites(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[SiteView]:
    """Return the sites in use, in the order they were added."""
    rows, following = await _page(uow, Site, cursor, limit)
    return Page([_site(row) for row in rows], following)


async def add_employer(uow: UnitOfWork, body: EmployerBody) -> EmployerView:
    """Add an employer."""
    return _employer(await _written(uow, versions.first(uow, Employer, _employer_values(body), body.reason)))


async def change_employer(uow: UnitOfWork, employer_id: str, body: EmployerBody) -> EmployerView:
    """Change an employer."""
    row = await _current(uow, Employer, employer_id)
    return _employer(await _written(uow, versions.next_of(uow, row, _employer_values(body), body.reason)))


async def get_employer(uow: UnitOfWork, employer_id: str) -> EmployerView:
    """Return an employer."""
    return _employer(await _current(uow, Employer, employer_id))


async def retire_employer(uow: UnitOfWork, employer_id: str, reason: str) -> None:
    """Take an employer out of use; what was kept about it stays."""
    await _retire(uow, Employer, employer_id, reason)


async def list_employers(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[EmployerView]:
    """Return the employers in use, in the order they were added."""
    rows, following = await _page(uow, Employer, cursor, limit)
    return Page([_employer(row) for row in rows], following)


async def add_address(uow: UnitOfWork, body: AddressBody) -> AddressView:
    """Add an owned address, brought to its normal form; one retired before is taken up again under its old id."""
    if body.site_id is not None:
        await _current(uow, Site, body.site_id)
    country = (await get_tenant(uow)).country
    value = normal_address(body.kind, body.value, country)
    before = await repository.address_by_value(uow, body.kind, value)
    values = {"kind": body.kind, "value": value, "label": body.label, "site_id": body.site_id}
    if before is None:
        return _address(await _written(uow, versions.first(uow, OwnedAddress, values, body.reason)))
    if not before.retired:
        raise ConflictError("tenancy.address_known", id=before.id)
    return _address(await _written(uow, versions.next_of(uow, before, values | {"retired": False}, body.reason)))


async def retire_address(uow: UnitOfWork, address_id: str, reason: str) -> None:
    """Give an address up."""
    await _retire(uow, OwnedAddress, address_id, reason)


async def list_addresses(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[AddressView]:
    """Return the addresses owned, in the order they were added."""
    rows, following = await _page(uow, OwnedAddress, cursor, limit)
    return Page([_address(row) for row in rows], following)


async def _current(uow: UnitOfWork, model: type[Place], row_id: str) -> Place:
    row = await versions.current(uow, model, row_id)
    if row is None:
        raise NotFoundError(
            {"site": "tenancy.site_unknown", "employer": "tenancy.employer_unknown"}.get(
                _KINDS[model], "tenancy.address_unknown"
            )
        )
    return row


async def _written(uow: UnitOfWork, row: Place) -> Place:
    await repository.write_version(uow)
    uow.publish(PlaceChanged(_KINDS[type(row)], row.id, row.version))
    return row


async def _retire(uow: UnitOfWork, model: type[Place], row_id: str, reason: str) -> None:
    row = await _current(uow, model, row_id)
    await _written(uow, versions.next_of(uow, row, {"retired": True}, reason))


async def _page(
    uow: UnitOfWork, model: type[Place], cursor: str | None, limit: int | None
) -> tuple[list[Place], str | None]:
    after = id_cursor(cursor) or ""
    size = clamp(limit)
    rows = list(await versions.all_current(uow, model, after=after, limit=size + 1))
    return rows[:size], encode_cursor(rows[size - 1].id) if len(rows) > size else None


def _site_values(body: SiteBody) -> dict[str, Any]:
    require_country(body.country)
    zone_of(body.timezone)
    return {
        "name": body.name,
        "country": body.country,
        "timezone": body.timezone,
        "postal_address": body.postal_address,
    }


def _employer_values(body: EmployerBody) -> dict[str, Any]:
    require_country(body.country)
    return {"name": body.name, "country": body.country, "registration": body.registration}


def _site(row: Site) -> SiteView:
    return SiteView(row.id, row.version, row.name, row.country, row.timezone, row.postal_address)


def _employer(row: Employer) -> EmployerView:
    return EmployerView(row.id, row.version, row.name, row.country, row.registration)


def _address(row: OwnedAddress) -> AddressView:
    return AddressView(row.id, row.version, row.kind, row.value, row.label, row.site_id)

"""The HTTP doors of tenancy."""

from typing import Annotated

from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from intercanal.infra.http.door import Door
from intercanal.kernel.paging import Page
from intercanal.tenancy import service
from intercanal.tenancy.schemas import (
    AddressBody,
    AddressView,
    CalendarBody,
    CalendarView,
    Due,
    DueBody,
    EmployerBody,
    EmployerView,
    OpenAt,
    OpenAtBody,
    SiteBody,
    SiteView,
    TenantBody,
    TenantView,
)

Cursor = FromQuery[str | None]
Limit = FromQuery[int | None]
Why = Annotated[str, QueryParameter(max_length=500)]


@get("/tenant", opt={"permission": "tenancy.read"})
async def get_tenant(door: NamedDependency[Door]) -> TenantView:
    """Return the organisation the caller belongs to."""
    return await door.read(service.get_tenant)


@put("/tenant", opt={"permission": "tenancy.manage"})
async def change_tenant(door: NamedDependency[Door], data: JSONBody[TenantBody]) -> TenantView:
    """Change the name, language or country of the organisation."""
    return await door.write(lambda uow: service.change_tenant(uow, data))


@post("/calendars", opt={"permission": "tenancy.manage"})
async def create_calendar(door: NamedDependency[Door], data: JSONBody[CalendarBody]) -> CalendarView:
    """Make a calendar."""
    return await door.write(lambda uow: service.create_calendar(uow, data))


@get("/calendars", opt={"permission": "tenancy.read"})
async def list_calendars(door: NamedDependency[Door], cursor: Cursor = None, limit: Limit = None) -> Page[CalendarView]:
    """Return calendars in the order they were made."""
    return await door.read(lambda uow: service.list_calendars(uow, cursor, limit))


@get("/calendars/{calendar_id:str}", opt={"permission": "tenancy.read"})
async def get_calendar(door: NamedDependency[Door], calendar_id: FromPath[str]) -> CalendarView:
    """Return a calendar as it is now."""
    return await door.read(lambda uow: service.get_calendar(uow, calendar_id))


@get("/calendars/{calendar_id:str}/versions", opt={"permission": "tenancy.read"})
async def calendar_versions(door: NamedDependency[Door], calendar_id: FromPath[str]) -> Page[CalendarView]:
    """Return every version of a calendar, the newest first."""
    return Page(await door.read(lambda uow: service.calendar_versions(uow, calendar_id)))


@put("/calendars/{calendar_id:str}", opt={"permission": "tenancy.manage"})
async def change_calendar(
    door: NamedDependency[Door], calendar_id: FromPath[str], data: JSONBody[CalendarBody]
) -> CalendarView:
    """Replace the opening hours of a calendar."""
    return await door.write(lambda uow: service.change_calendar(uow, calendar_id, data))


@post("/calendars/{calendar_id:str}/due", status_code=200, opt={"permission": "tenancy.read"})
async def calendar_due(door: NamedDependency[Door], calendar_id: FromPath[str], data: JSONBody[DueBody]) -> Due:
    """Return when so many open minutes will have passed."""
    return Due(await door.read(lambda uow: service.calendar_due(uow, calendar_id, data.start, data.minutes)))


@post("/calendars/{calendar_id:str}/open-at", status_code=200, opt={"permission": "tenancy.read"})
async def calendar_open_at(
    door: NamedDependency[Door], calendar_id: FromPath[str], data: JSONBody[OpenAtBody]
) -> OpenAt:
    """Say whether a calendar is open at an instant."""
    return await door.read(lambda uow: service.calendar_open_at(uow, calendar_id, data.at))


@post("/sites", opt={"permission": "tenancy.manage"})
async def add_site(door: NamedDependency[Door], data: JSONBody[SiteBody]) -> SiteView:
    """Add a site."""
    return await door.write(lambda uow: service.add_site(uow, data))


@get("/sites", opt={"permission": "tenancy.read"})
async def list_sites(door: NamedDependency[Door], cursor: Cursor = None, limit: Limit = None) -> Page[SiteView]:
    """Return the sites in use."""
    return await door.read(lambda uow: service.list_sites(uow, cursor, limit))


@get("/sites/{site_id:str}", opt={"permission": "tenancy.read"})
async def get_site(door: NamedDependency[Door], site_id: FromPath[str]) -> SiteView:
    """Return a site."""
    return await door.read(lambda uow: service.get_site(uow, site_id))


@put("/sites/{site_id:str}", opt={"permission": "tenancy.manage"})
async def change_site(door: NamedDependency[Door], site_id: FromPath[str], data: JSONBody[SiteBody]) -> SiteView:
    """Change a site."""
    return await door.write(lambda uow: service.change_site(uow, site_id, data))


@delete("/sites/{site_id:str}", opt={"permission": "tenancy.manage"})
async def retire_site(door: NamedDependency[Door], site_id: FromPath[str], reason: Why = "") -> None:
    """Take a site out of use."""
    await door.write(lambda uow: service.retire_site(uow, site_id, reason))


@post("/employers", opt={"permission": "tenancy.manage"})
async def add_employer(door: NamedDependency[Door], data: JSONBody[EmployerBody]) -> EmployerView:
    """Add an employer."""
    return await door.write(lambda uow: service.add_employer(uow, data))


@get("/employers", opt={"permission": "tenancy.read"})
async def list_employers(door: NamedDependency[Door], cursor: Cursor = None, limit: Limit = None) -> Page[EmployerView]:
    """Return the employers in use."""
    return await door.read(lambda uow: service.list_employers(uow, cursor, limit))


@get("/employers/{employer_id:str}", opt={"permission": "tenancy.read"})
async def get_employer(door: NamedDependency[Door], employer_id: FromPath[str]) -> EmployerView:
    """Return an employer."""
    return await door.read(lambda uow: service.get_employer(uow, employer_id))


@put("/employers/{employer_id:str}", opt={"permission": "tenancy.manage"})
async def change_employer(
    door: NamedDependency[Door], employer_id: FromPath[str], data: JSONBody[EmployerBody]
) -> EmployerView:
    """Change an employer."""
    return await door.write(lambda uow: service.change_employer(uow, employer_id, data))


@delete("/employers/{employer_id:str}", opt={"permission": "tenancy.manage"})
async def retire_employer(door: NamedDependency[Door], employer_id: FromPath[str], reason: Why = "") -> None:
    """Take an employer out of use."""
    await door.write(lambda uow: service.retire_employer(uow, employer_id, reason))


@post("/addresses", opt={"permission": "tenancy.manage"})
async def add_address(door: NamedDependency[Door], data: JSONBody[AddressBody]) -> AddressView:
    """Add a mail address, mail domain or phone number of one's own."""
    return await door.write(lambda uow: service.add_address(uow, data))


@get("/addresses", opt={"permission": "tenancy.read"})
async def list_addresses(door: NamedDependency[Door], cursor: Cursor = None, limit: Limit = None) -> Page[AddressView]:
    """Return the addresses owned."""
    return await door.read(lambda uow: service.list_addresses(uow, cursor, limit))


@delete("/addresses/{address_id:str}", opt={"permission": "tenancy.manage"})
async def retire_address(door: NamedDependency[Door], address_id: FromPath[str], reason: Why = "") -> None:
    """Give an address up."""
    await door.write(lambda uow: service.retire_address(uow, address_id, reason))


router = Router(
    path="/api/tenancy",
    tags=["tenancy"],
    route_handlers=[
        get_tenant, change_tenant,
        create_calendar, list_calendars, get_calendar, calendar_versions, change_calendar, calendar_due,
        calendar_open_at,
        add_site, list_sites, get_site, change_site, retire_site,
        add_employer, list_employers, get_employer, change_employer, retire_employer,
        add_address, list_addresses, retire_address,
    ],
)  # fmt: skip

"""The use cases of tenancy: one function per verb, the unit of work first."""

from intercanal.tenancy.domain.addresses import normal_address, normal_domain, normal_mail, normal_phone
from intercanal.tenancy.domain.calendars import due_at, is_open, next_change
from intercanal.tenancy.schemas import NewTenant
from intercanal.tenancy.service.calendars import (
    calendar_due,
    calendar_open_at,
    calendar_spec,
    calendar_versions,
    change_calendar,
    create_calendar,
    get_calendar,
    list_calendars,
)
from intercanal.tenancy.service.places import (
    add_address,
    add_employer,
    add_site,
    change_employer,
    change_site,
    get_employer,
    get_site,
    list_addresses,
    list_employers,
    list_sites,
    retire_address,
    retire_employer,
    retire_site,
)
from intercanal.tenancy.service.tenants import (
    all_tenant_ids,
    change_tenant,
    create_tenant,
    get_tenant,
    tenant_by_slug,
)

__all__ = [
    "NewTenant",
    "add_address",
    "add_employer",
    "add_site",
    "all_tenant_ids",
    "calendar_due",
    "calendar_open_at",
    "calendar_spec",
    "calendar_versions",
    "change_calendar",
    "change_employer",
    "change_site",
    "change_tenant",
    "create_calendar",
    "create_tenant",
    "due_at",
    "get_calendar",
    "get_employer",
    "get_site",
    "get_tenant",
    "is_open",
    "list_addresses",
    "list_calendars",
    "list_employers",
    "list_sites",
    "next_change",
    "normal_address",
    "normal_domain",
    "normal_mail",
    "normal_phone",
    "retire_address",
    "retire_employer",
    "retire_site",
    "tenant_by_slug",
]

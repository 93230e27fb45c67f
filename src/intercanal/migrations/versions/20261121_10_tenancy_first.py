"""Tenants, sites, employers, owned addresses and calendars."""

from intercanal.migrations.helpers import chain, create_feature_tables, lookup_function, open_to_lookups
from intercanal.tenancy.tables import Calendar, Employer, OwnedAddress, Site, Tenant

revision, down_revision = chain(__file__)


def upgrade() -> None:
    """Create the tables, and the two questions that are asked before any tenant is known."""
    create_feature_tables("tenancy", [Tenant, Site, Employer, OwnedAddress, Calendar])
    open_to_lookups(Tenant)
    lookup_function(
        "tenancy_all_tenants", "", "TABLE (tenant_id uuid)",
        "SELECT DISTINCT t.tenant_id FROM tenancy_tenants t ORDER BY t.tenant_id",
    )  # fmt: skip
    lookup_function(
        "tenancy_slug_holder", "asked text", "uuid",
        "SELECT t.tenant_id FROM tenancy_tenants t WHERE t.slug = asked ORDER BY t.tenant_id LIMIT 1",
    )  # fmt: skip

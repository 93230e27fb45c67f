"""Makes a tenant with its first administrator and an API key: the one thing that no API call could be signed for."""

from datetime import UTC, datetime
from typing import Final

from intercanal.identity.service import create_admin
from intercanal.infra.db.database import Database
from intercanal.kernel.ids import TenantId, new_id
from intercanal.tenancy.service import NewTenant, create_tenant

ACTOR: Final = "bootstrap"


async def bootstrap_tenant(database: Database, name: str, email: str, password: str) -> dict[str, str]:
    """Make the tenant, its administrator and a key, in one transaction; the key is shown this once."""
    tenant_id = TenantId(new_id(datetime.now(UTC)))
    async with database.unit_of_work(tenant_id, ACTOR) as uow:
        await create_tenant(uow, NewTenant(name=name))
        admin_id, key = await create_admin(uow, email, name, password)
        await uow.commit()
    return {"tenant_id": tenant_id, "admin_id": admin_id, "api_key": key}

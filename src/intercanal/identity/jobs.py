"""What identity does by the clock: signed heads of the audit every hour, and the sweeping of what has expired."""

import asyncio
from typing import Any

from intercanal.identity import service
from intercanal.identity.ports import HeadArchive
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Job
from intercanal.kernel.ids import TenantId
from intercanal.tenancy.service import all_tenant_ids


async def export_head(database: Database, archive: HeadArchive, tenant_id: TenantId) -> None:
    """Chain what waits, and keep a signed head unless nothing was added since the last one."""
    async with database.unit_of_work(tenant_id) as uow:
        await service.chain_pending(uow)
        head = await service.audit_head(uow)
        await uow.commit()
    if head is None:
        return
    kept = await asyncio.to_thread(archive.heads, tenant_id)
    if not kept or kept[-1].head.sequence < head.sequence:
        await asyncio.to_thread(archive.append, head)


async def every_hour(services: Any) -> None:
    """Export the heads of all tenants and sweep each."""
    database: Database = services.database
    for tenant_id in await all_tenant_ids(database):
        await export_head(database, services.heads, tenant_id)
        async with database.unit_of_work(tenant_id) as uow:
            await service.sweep(uow)
            await uow.commit()


JOBS = (Job("identity_hourly", "7 * * * *", every_hour),)

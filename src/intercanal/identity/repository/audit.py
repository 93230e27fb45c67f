"""Queries on the audit: lines waiting, lines chained."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intercanal.identity.domain.chain import Line, Sealed, start
from intercanal.identity.tables import AuditLine, AuditPending
from intercanal.kernel.ids import TenantId

_ONE_CHAINER = text("SELECT pg_advisory_xact_lock(hashtextextended('identity_audit/' || :tenant, 0))")
_DROP_CHAINED = text("SELECT identity_audit_drop_chained()")


async def lock_chain(session: AsyncSession, tenant_id: TenantId) -> None:
    """Wait to be the tenant's only chainer, until the end of the transaction."""
    await session.execute(_ONE_CHAINER, {"tenant": tenant_id})


async def pending(session: AsyncSession, tenant_id: TenantId, limit: int) -> list[Line]:
    """Return lines that wait for their place, oldest first."""
    query = select(AuditPending).where(AuditPending.tenant_id == tenant_id).order_by(AuditPending.number).limit(limit)
    return [Line(row.id, row.at, row.actor, row.action, row.subject, row.facts) for row in await session.scalars(query)]


async def last(session: AsyncSession, tenant_id: TenantId) -> Sealed:
    """Return the last line of the chain, or what the first will be linked to."""
    query = select(AuditLine).where(AuditLine.tenant_id == tenant_id).order_by(AuditLine.sequence.desc()).limit(1)
    found = await session.scalar(query)
    return start(tenant_id) if found is None else _sealed(found)


async def append(session: AsyncSession, tenant_id: TenantId, lines: Sequence[Sealed]) -> None:
    """Add lines to the chain and take them off the waiting ones; only lines that are in the chain can be taken off."""
    rows = [
        {"tenant_id": tenant_id, "sequence": each.sequence, "prev_hash": each.prev_hash, "hash": each.hash,
         "id": each.line.id, "at": each.line.at, "actor": each.line.actor, "action": each.line.action,
         "subject": each.line.subject, "facts": each.line.facts}
        for each in lines
    ]  # fmt: skip
    await session.execute(insert(AuditLine), rows)
    await session.execute(_DROP_CHAINED)


async def lines(
    session: AsyncSession, tenant_id: TenantId, after: int, limit: int, action: str | None = None
) -> list[Sealed]:
    """Return lines of the chain in order."""
    query = select(AuditLine).where(AuditLine.tenant_id == tenant_id, AuditLine.sequence > after)
    if action is not None:
        query = query.where(AuditLine.action == action)
    return [_sealed(row) for row in await session.scalars(query.order_by(AuditLine.sequence).limit(limit))]


async def count_pending(session: AsyncSession, tenant_id: TenantId) -> int:
    """Count the lines that wait."""
    query = select(func.count()).select_from(AuditPending).where(AuditPending.tenant_id == tenant_id)
    return await session.scalar(query) or 0


def _sealed(row: AuditLine) -> Sealed:
    line = Line(row.id, row.at, row.actor, row.action, row.subject, row.facts)
    return Sealed(row.sequence, line, row.prev_hash, row.hash)

"""Queries on what opens the door: sessions, keys, agent tokens, tickets and resets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from intercanal.identity.tables import AccessToken, Reset, ResetMail, Session, Ticket, User
from intercanal.kernel.ids import TenantId


async def live_sessions(
    session: AsyncSession, tenant_id: TenantId, now: datetime, idle_since: datetime, which: Any
) -> Sequence[Row[Session, User]]:
    """Return the sessions, among those named by a condition, that still open something, with their users."""
    query = (
        select(Session, User)
        .join(User, (User.tenant_id == Session.tenant_id) & (User.id == Session.user_id))
        .where(Session.tenant_id == tenant_id, which, User.is_active)
        .where(Session.expires_at > now, Session.seen_at > idle_since)
    )
    return (await session.execute(query)).all()


async def live_tokens(session: AsyncSession, tenant_id: TenantId, now: datetime, which: Any) -> Sequence[AccessToken]:
    """Return the keys and agent tokens, among those named by a condition, that still open something."""
    query = select(AccessToken).where(AccessToken.tenant_id == tenant_id, which, AccessToken.revoked_at.is_(None))
    fresh = or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > now)
    return (await session.scalars(query.where(fresh))).all()


async def touch(session: AsyncSession, tenant_id: TenantId, ids: Sequence[str], now: datetime) -> None:
    """Note that sessions were used."""
    seen = update(Session).where(Session.tenant_id == tenant_id, Session.id.in_(ids), Session.seen_at < now)
    await session.execute(seen.values(seen_at=now))


async def end_sessions(session: AsyncSession, tenant_id: TenantId, which: Any) -> Sequence[Row[str, str]]:
    """Remove the sessions named by a condition; returns their ids and users."""
    gone = delete(Session).where(Session.tenant_id == tenant_id, which).returning(Session.id, Session.user_id)
    return (await session.execute(gone)).all()


async def sessions_of(session: AsyncSession, tenant_id: TenantId, user_id: str) -> Sequence[Session]:
    """Return the sessions of a user, newest first."""
    query = select(Session).where(Session.tenant_id == tenant_id, Session.user_id == user_id)
    return (await session.scalars(query.order_by(Session.id.desc()))).all()


async def keys_after(
    session: AsyncSession, tenant_id: TenantId, after: str | None, limit: int
) -> Sequence[AccessToken]:
    """Return API keys in the order they were made, revoked ones too."""
    query = select(AccessToken).where(AccessToken.tenant_id == tenant_id, AccessToken.kind == "key")
    if after is not None:
        query = query.where(AccessToken.id > after)
    return (await session.scalars(query.order_by(AccessToken.id).limit(limit))).all()


async def token_exists(session: AsyncSession, tenant_id: TenantId, which: Any) -> bool:
    """Say whether a key or token named by a condition was ever made."""
    query = select(AccessToken.id).where(AccessToken.tenant_id == tenant_id, which).limit(1)
    return await session.scalar(query) is not None


async def revoke(session: AsyncSession, tenant_id: TenantId, which: Any, now: datetime) -> Sequence[AccessToken]:
    """Revoke the keys and tokens named by a condition that were still good; returns them."""
    query = select(AccessToken).where(AccessToken.tenant_id == tenant_id, which, AccessToken.revoked_at.is_(None))
    found = (await session.scalars(query.with_for_update())).all()
    for token in found:
        token.revoked_at = now
    return found


async def take_ticket(session: AsyncSession, tenant_id: TenantId, digest: bytes) -> Row[str, str, datetime] | None:
    """Remove a ticket and return what it stood for: the first to ask is the only one to get it."""
    taken = delete(Ticket).where(Ticket.tenant_id == tenant_id, Ticket.digest == digest)
    answer = await session.execute(taken.returning(Ticket.credential_kind, Ticket.credential_id, Ticket.expires_at))
    return answer.one_or_none()


async def reset(session: AsyncSession, tenant_id: TenantId, digest: bytes) -> Reset | None:
    """Find a reset without using it up."""
    return await session.get(Reset, (tenant_id, digest))


async def take_reset(session: AsyncSession, tenant_id: TenantId, digest: bytes) -> Row[str, datetime] | None:
    """Remove a reset and return whose it was and until when."""
    taken = delete(Reset).where(Reset.tenant_id == tenant_id, Reset.digest == digest)
    return (await session.execute(taken.returning(Reset.user_id, Reset.expires_at))).one_or_none()


async def drop_expired(session: AsyncSession, tenant_id: TenantId, now: datetime, idle_since: datetime) -> None:
    """Remove tickets, resets and sessions whose time is over."""
    for table in (Ticket, Reset, ResetMail):
        await session.execute(delete(table).where(table.tenant_id == tenant_id, table.expires_at <= now))
    over = or_(Session.expires_at <= now, Session.seen_at <= idle_since)
    await session.execute(delete(Session).where(Session.tenant_id == tenant_id, over))

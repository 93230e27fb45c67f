"""Queries on users."""

from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from intercanal.identity.tables import AccessToken, Reset, ResetMail, User
from intercanal.kernel.ids import AgentId, TenantId


async def user(session: AsyncSession, tenant_id: TenantId, user_id: str) -> User | None:
    """Find a user by id."""
    return await session.get(User, (tenant_id, user_id))


async def user_by_email(session: AsyncSession, tenant_id: TenantId, email: str) -> User | None:
    """Find a user by normal e-mail."""
    return await session.scalar(select(User).where(User.tenant_id == tenant_id, User.email == email))


async def user_by_agent(session: AsyncSession, tenant_id: TenantId, agent_id: AgentId) -> User | None:
    """Find the user who works as an agent."""
    return await session.scalar(select(User).where(User.tenant_id == tenant_id, User.agent_id == agent_id))


async def users_after(session: AsyncSession, tenant_id: TenantId, after: str | None, limit: int) -> list[User]:
    """Return users in the order they came."""
    query = select(User).where(User.tenant_id == tenant_id).order_by(User.id).limit(limit)
    if after is not None:
        query = query.where(User.id > after)
    return list(await session.scalars(query))


async def users_with_role(session: AsyncSession, tenant_id: TenantId, role: str) -> list[str]:
    """Return the ids of the users who hold a role."""
    query = select(User.id).where(User.tenant_id == tenant_id, User.role == role).order_by(User.id)
    return list(await session.scalars(query))


async def lock_active_admins(session: AsyncSession, tenant_id: TenantId, admin: str) -> list[str]:
    """Return the ids of the active administrators, held until the end of the transaction."""
    query = select(User.id).where(User.tenant_id == tenant_id, User.role == admin, User.is_active)
    return list(await session.scalars(query.order_by(User.id).with_for_update()))


async def keep_hash(session: AsyncSession, tenant_id: TenantId, user_id: str, old: str, new: str) -> None:
    """Replace a password hash by a stronger one of the same password, unless it changed in between."""
    fits = (User.tenant_id == tenant_id, User.id == user_id, User.password_hash == old)
    await session.execute(update(User).where(*fits).values(password_hash=new))


async def is_role_held(session: AsyncSession, tenant_id: TenantId, role: str) -> bool:
    """Say whether anybody, or any key that is still good, holds a role."""
    users = select(User.id).where(User.tenant_id == tenant_id, User.role == role)
    keys = select(AccessToken.id).where(AccessToken.tenant_id == tenant_id, AccessToken.role == role)
    found = await session.scalar(select(or_(users.exists(), keys.where(AccessToken.revoked_at.is_(None)).exists())))
    return bool(found)


async def reset_mail(session: AsyncSession, tenant_id: TenantId, mail_id: str) -> ResetMail | None:
    """Find a reset mail that waits."""
    return await session.get(ResetMail, (tenant_id, mail_id))


async def waiting_reset_mails(session: AsyncSession, tenant_id: TenantId, now: datetime) -> list[str]:
    """Return the ids of the reset mails worth sending."""
    query = select(ResetMail.id).where(ResetMail.tenant_id == tenant_id, ResetMail.expires_at > now)
    return list(await session.scalars(query.order_by(ResetMail.id)))


async def drop_reset_mail(session: AsyncSession, tenant_id: TenantId, mail_id: str) -> None:
    """Remove a reset mail."""
    await session.execute(delete(ResetMail).where(ResetMail.tenant_id == tenant_id, ResetMail.id == mail_id))


async def drop_resets(session: AsyncSession, tenant_id: TenantId, user_id: str) -> None:
    """Take back every reset and waiting reset mail of a user."""
    for table in (Reset, ResetMail):
        await session.execute(delete(table).where(table.tenant_id == tenant_id, table.user_id == user_id))

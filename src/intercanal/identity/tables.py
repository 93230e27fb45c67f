"""The tables of identity; secrets are kept as hashes only, and the audit can be added to but never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base, Id, Versioned
from intercanal.kernel.ids import AgentId, TenantId


def of_user() -> ForeignKeyConstraint:
    """Tie rows to their user: they go with them."""
    users = ["identity_users.tenant_id", "identity_users.id"]
    return ForeignKeyConstraint(["tenant_id", "user_id"], users, ondelete="CASCADE")


class User(Base):
    """Somebody who signs in with an e-mail and a password."""

    __tablename__ = "identity_users"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    language: Mapped[str]
    role: Mapped[str]
    agent_id: Mapped[AgentId | None]
    password_hash: Mapped[str | None]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "email"), UniqueConstraint("tenant_id", "agent_id"))


class Role(Versioned, Base):
    """A role that the tenant made: a named set of permissions."""

    __tablename__ = "identity_roles"

    name: Mapped[str]
    permissions: Mapped[list[str]]


class Session(Base):
    """A signed-in browser; the row goes when the session ends."""

    __tablename__ = "identity_sessions"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    user_id: Mapped[Id]
    network: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "digest"),
        of_user(),
        Index(None, "tenant_id", "user_id"),
    )


class AccessToken(Base):
    """An API key, or the token with which a robot works as an agent."""

    __tablename__ = "identity_tokens"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str]
    digest: Mapped[bytes]
    name: Mapped[str]
    role: Mapped[str]
    agent_id: Mapped[AgentId | None]
    created_by: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "digest"),
        CheckConstraint("kind IN ('key', 'agent') AND (kind = 'agent') = (agent_id IS NOT NULL)", name="kind"),
        Index(None, "tenant_id", "agent_id"),
    )


class Ticket(Base):
    """A single-use way onto the WebSocket for what cannot send a header; it stands for a session or token."""

    __tablename__ = "identity_tickets"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    credential_kind: Mapped[str]
    credential_id: Mapped[Id]
    expires_at: Mapped[datetime]

    __table_args__ = (Index(None, "tenant_id", "expires_at"),)


class Reset(Base):
    """A password reset that was asked for and not used yet."""

    __tablename__ = "identity_resets"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[Id]
    expires_at: Mapped[datetime]

    __table_args__ = (of_user(), Index(None, "tenant_id", "expires_at"))


class ResetMail(Base):
    """A reset mail to be sent: the only place where its token stands in clear, until the mail has left."""

    __tablename__ = "identity_reset_mails"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id]
    token: Mapped[str]
    expires_at: Mapped[datetime]

    __table_args__ = (of_user(),)


class AuditPending(Base):
    """A line of the audit written in the transaction of what it tells, not yet in the chain."""

    __tablename__ = "identity_audit_pending"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger(), Identity(always=True))
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB())

    __table_args__ = (Index(None, "tenant_id", "number"), {"info": {"app": "SELECT, INSERT"}})


class AuditLine(Base):
    """A line of the audit in its place in the tenant's chain."""

    __tablename__ = "identity_audit"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    id: Mapped[Id]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB())
    prev_hash: Mapped[bytes]
    hash: Mapped[bytes]

    __table_args__ = (UniqueConstraint("tenant_id", "id"), {"info": {"app": "SELECT, INSERT"}})

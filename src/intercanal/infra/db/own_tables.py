"""The tables of the plumbing itself: outbox, idempotency, erasures and the version of the schema."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base, Id


class Outbox(Base):
    """What a committed transaction still owes to the bus or to the live core; a row is deleted once delivered."""

    __tablename__ = "infra_outbox"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str]
    actor: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    words: Mapped[list[Any]] = mapped_column(JSONB())
    at: Mapped[datetime]
    ordinal: Mapped[int]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    refused: Mapped[str | None]

    __table_args__ = (CheckConstraint("kind IN ('event', 'submit')", name="kind"),)


class Idempotency(Base):
    """The answer given under an Idempotency-Key, kept 24 hours; a null status is a request still at work."""

    __tablename__ = "infra_idempotency"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str]
    status: Mapped[int | None]
    answer: Mapped[str | None]
    owed: Mapped[list[str]] = mapped_column(ARRAY(UUID(as_uuid=False)), default=list)
    expires_at: Mapped[datetime]

    __table_args__ = (Index(None, "expires_at"),)


class Erasure(Base):
    """What was erased, so that a restored backup forgets it again; holds keys, never the words themselves."""

    __tablename__ = "infra_erasures"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    target: Mapped[str]
    key: Mapped[dict[str, Any]]
    columns: Mapped[list[str]]
    at: Mapped[datetime]
    actor: Mapped[str | None]
    reason: Mapped[str]

    __table_args__ = ({"info": {"app": "SELECT, INSERT"}},)


class Schema(Base):
    """One row: the version the schema is at, and the oldest program that can work with it."""

    __tablename__ = "infra_schema"

    id: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    version: Mapped[int]
    compat: Mapped[int]

    __table_args__ = (CheckConstraint("id = 1", name="single"), {"info": {"app": "SELECT"}})

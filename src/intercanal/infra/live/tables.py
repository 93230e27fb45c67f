"""The journal's tables: domains with their fence, the log, answers kept for a day, and the relay's positions."""

from sqlalchemy import BigInteger, DateTime, Index, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base


class LiveDomain(Base):
    """A routing domain; `epoch` and `last_sequence` are the fence of every batch."""

    __tablename__ = "live_domains"

    tenant_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_at: Mapped[str] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LiveLog(Base):
    """One decision: the command with its `now`, seed and actor, and the events it gave; partitioned by month of `at`.

    `sequence` is that of the decision's last event; the others count back from it.
    """

    __tablename__ = "live_log"
    __table_args__ = {"postgresql_partition_by": "RANGE (at)"}  # noqa: RUF012 - SQLAlchemy reads a plain dict here

    tenant_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    domain_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[str] = mapped_column(DateTime(timezone=True), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int] = mapped_column(SmallInteger)
    actor: Mapped[str] = mapped_column(Text)
    seed: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    command: Mapped[object] = mapped_column(JSONB)
    events: Mapped[object] = mapped_column(JSONB)


class LiveIdempotency(Base):
    """The answer to a command that carried an idempotency key, kept for 24 hours."""

    __tablename__ = "live_idempotency"
    __table_args__ = (Index("ix_live_idempotency_at", "at"),)

    tenant_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    domain_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    body_hash: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[str] = mapped_column(DateTime(timezone=True))


class LiveRelay(Base):
    """How far the relay has published a domain's log to the stream."""

    __tablename__ = "live_relay"

    tenant_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    domain_id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)

"""The tables of interactions: live rows, the words of messages, the timeline, dispositions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base, Id, Versioned, state_table
from intercanal.interactions.live import INTERACTIONS, MESSAGES

INTERACTION_ROWS = state_table(INTERACTIONS)
Index(None, INTERACTION_ROWS.c.tenant_id, INTERACTION_ROWS.c.conversation_id)
Index(None, INTERACTION_ROWS.c.tenant_id, INTERACTION_ROWS.c.customer_id)
Index(
    "ix_interactions_interactions_open",
    INTERACTION_ROWS.c.tenant_id,
    INTERACTION_ROWS.c.id,
    postgresql_where=INTERACTION_ROWS.c.state != "closed",
)

MESSAGE_ROWS = state_table(MESSAGES)
Index(None, MESSAGE_ROWS.c.tenant_id, MESSAGE_ROWS.c.interaction_id)


class MessageWords(Base):
    """The words of a message: erasable, and named by no event."""

    __tablename__ = "interactions_words"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    message_id: Mapped[Id] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    reply_text: Mapped[str | None]
    html: Mapped[str | None]
    subject: Mapped[str | None]
    sender: Mapped[str | None]
    recipients: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    external_id: Mapped[str | None]
    attachments: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__ = (
        Index(None, "tenant_id", "external_id"),
        {"info": {"live": True, "app": "SELECT, UPDATE", "journal": "SELECT, INSERT"}},
    )


class TimelineEntry(Base):
    """One fact in the story of a conversation, copied from the log; `facts` holds ids and codes only."""

    __tablename__ = "interactions_timeline"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    domain_id: Mapped[Id] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    interaction_id: Mapped[Id]
    at: Mapped[datetime]
    type: Mapped[str]
    actor: Mapped[str]
    facts: Mapped[dict[str, Any]]

    __table_args__ = (
        Index(None, "tenant_id", "interaction_id", "sequence"),
        {"info": {"app": "SELECT, INSERT"}},
    )


class Disposition(Versioned, Base):
    """A way in which work can end, for the agent to choose at wrap-up."""

    __tablename__ = "interactions_dispositions"

    name: Mapped[str]

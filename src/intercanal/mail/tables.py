"""The tables of mail: mailboxes and their addresses, what mails say of themselves, and the diary of sending."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base, Id, Versioned, state_table
from intercanal.mail.live import MESSAGES, OUTGOING


class Mailbox(Versioned, Base):
    """An address that customers write to, and the queue their mails wait in."""

    __tablename__ = "mail_mailboxes"

    address: Mapped[str]
    name: Mapped[str | None]
    queue_id: Mapped[Id]
    signature: Mapped[str | None]


class OwnedMailAddress(Base):
    """Whose mailbox an address belongs to; one address has one owner in the whole installation."""

    __tablename__ = "mail_addresses"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    mailbox_id: Mapped[Id]

    # for the look-up before the tenant is known; a lock on the address keeps two tenants from taking it at once
    __table_args__ = (Index("ix_mail_addresses_address", "address"), {"info": {"app": "SELECT, INSERT, DELETE"}})


class MailHeaders(Base):
    """What the headers of a received mail say: erasable words, written together with the mail's command."""

    __tablename__ = "mail_headers"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    message_id: Mapped[Id] = mapped_column(primary_key=True)
    mailbox_id: Mapped[Id]
    external_id: Mapped[str]
    sender: Mapped[str | None]
    answer_to: Mapped[str | None]
    answer_name: Mapped[str | None]
    subject: Mapped[str]
    raw_blob: Mapped[str]
    # lists are JSON: rows arrive column by column through `unnest`, which would flatten arrays of arrays
    others: Mapped[list[Any]] = mapped_column(JSONB())
    chain: Mapped[list[Any]] = mapped_column(JSONB())
    files: Mapped[list[Any]] = mapped_column(JSONB())
    facts: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("tenant_id", "mailbox_id", "external_id"),
        Index("ix_mail_headers_tenant_id_external_id", "tenant_id", "external_id"),
        {"info": {"live": True, "journal": "SELECT, INSERT", "app": "SELECT, DELETE"}},
    )


class Sending(Base):
    """The diary of sending one answer, written before and after each try, so that a crash repeats it once at most."""

    __tablename__ = "mail_sendings"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    message_id: Mapped[Id] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int]
    crashes: Mapped[int]
    is_trying: Mapped[bool]
    code: Mapped[str | None]
    status: Mapped[str | None]
    began_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]

    __table_args__ = ({"info": {"app": "SELECT, INSERT, UPDATE"}},)


MAIL_ROWS = state_table(MESSAGES)
OUTGOING_ROWS = state_table(OUTGOING)

Index("ix_mail_messages_conversation_id", MAIL_ROWS.c.tenant_id, MAIL_ROWS.c.conversation_id)
Index("ix_mail_outgoing_conversation_id", OUTGOING_ROWS.c.tenant_id, OUTGOING_ROWS.c.conversation_id)
Index(
    "ix_mail_outgoing_waiting",
    OUTGOING_ROWS.c.tenant_id,
    OUTGOING_ROWS.c.id,
    postgresql_where=OUTGOING_ROWS.c.state == "waiting",
)

"""Bodies and answers of the mail endpoints."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from intercanal.mail.live import DeliveryState

Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\n)$")]
MailAddress = Annotated[str, Meta(min_length=3, max_length=254)]
Name = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$")]
Signature = Annotated[str, Meta(max_length=4000, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]


class MailboxBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A new mailbox: an address nobody has yet, and the queue its mails wait in."""

    address: MailAddress
    queue_id: Id
    name: Name | None = None
    signature: Signature | None = None
    reason: Reason = ""


class MailboxChange(Struct, frozen=True, forbid_unknown_fields=True):
    """A mailbox's settings; its address stays what it is, since customers know it."""

    queue_id: Id
    name: Name | None = None
    signature: Signature | None = None
    version: Annotated[int, Meta(ge=1)] | None = None
    reason: Reason = ""


class MailboxView(Struct, frozen=True):
    """A mailbox; `name` stands beside the address in the From of answers, `signature` below their text."""

    id: str
    version: int
    address: str
    queue_id: str
    name: str | None
    signature: str | None


class MailboxVersion(Struct, frozen=True):
    """One version of a mailbox's settings, with author, date and reason."""

    version: int
    author_id: str | None
    at: datetime
    reason: str
    queue_id: str
    name: str | None
    signature: str | None
    retired: bool


class FileView(Struct, frozen=True):
    """A file of a mail; `number` names it in the address of its download."""

    number: int
    name: str
    size: int
    content_type: str
    content_id: str | None
    is_inline: bool


class DeliveryView(Struct, frozen=True):
    """How far an answer came; `code` says why not further."""

    state: DeliveryState
    attempts: int
    queued_at: datetime
    changed_at: datetime
    code: str | None
    status: str | None


class MailView(Struct, frozen=True, kw_only=True):
    """What is known of a mail beside its words: a received one has files, an answer its delivery."""

    id: str
    interaction_id: str
    conversation_id: str
    mailbox_id: str | None
    external_id: str | None
    subject: str | None
    sender: str | None
    dated_at: datetime | None
    blocked_images: int
    is_cut: bool
    files: list[FileView]
    delivery: DeliveryView | None

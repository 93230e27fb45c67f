"""The words of a message, which live in one erasable table and never in an event."""

from typing import TypedDict

import msgspec

from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Words

WORDS_TABLE = "interactions_words"


class Attachment(msgspec.Struct, frozen=True):
    """A file that came with a message or leaves with it; `blob` says where its bytes are kept."""

    name: str
    size: int
    content_type: str
    blob: str


class Said(TypedDict, total=False):
    """What a message may say; all of it can be erased."""

    text: str | None
    reply_text: str | None
    html: str | None
    subject: str | None
    sender: str | None
    recipients: list[str]
    external_id: str | None
    attachments: list[Attachment]


def message_words(tenant_id: TenantId, message_id: str, said: Said) -> Words:
    """Make the side row that carries a message's words with the command that brings the message."""
    return Words(WORDS_TABLE, {"tenant_id": tenant_id, "message_id": message_id, **said})

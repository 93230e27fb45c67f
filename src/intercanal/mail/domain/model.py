"""What a mail is once it has been read."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Classification(StrEnum):
    """What kind of mail it is; all but `normal` are kept closed, never offered nor answered."""

    NORMAL = "normal"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    ABUSE_REPORT = "abuse_report"


class Limits(msgspec.Struct, frozen=True):
    """How much one mail may ask of us; past the first four it is refused, past the last its text is cut."""

    size: int = 30 * 1024 * 1024
    depth: int = 20
    parts: int = 500
    header_bytes: int = 256 * 1024
    text_chars: int = 200_000


class Address(msgspec.Struct, frozen=True):
    """Somebody as a header names them."""

    email: str
    name: str = ""


class Attachment(msgspec.Struct, frozen=True):
    """A file that came with a mail, decoded."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None
    is_inline: bool = False

    @property
    def size(self) -> int:
        """Return the number of decoded bytes."""
        return len(self.content)


class DeliveryReport(msgspec.Struct, frozen=True):
    """What a delivery status notification (RFC 3464) says of one mail of ours."""

    action: str
    status: str | None
    original_message_id: str | None

    @property
    def is_final(self) -> bool:
        """Say whether the mail will never arrive."""
        return self.action == "failed" or (self.status or "").startswith("5.")


class Body(msgspec.Struct, frozen=True):
    """The words of a mail: as text, without quotes and signature, and as harmless HTML."""

    text: str
    reply_text: str
    html: str | None
    is_cut: bool = False
    blocked_images: int = 0


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, read: every text is storable, every list is bounded, every address looks like one."""

    external_id: str
    has_own_id: bool
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Address | None
    reply_to: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: datetime | None
    body: Body
    attachments: tuple[Attachment, ...]
    classification: Classification
    report: DeliveryReport | None = None

    @property
    def answer_to(self) -> Address | None:
        """Return whom an answer goes to."""
        return self.reply_to or self.sender

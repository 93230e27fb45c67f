"""What is known of a mail beside its words, and where its bytes are."""

from datetime import datetime
from typing import Any

import msgspec

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.mail import repository
from intercanal.mail.errors import UnknownFileError, UnknownMailError
from intercanal.mail.live import OutgoingRow
from intercanal.mail.schemas import DeliveryView, FileView, MailView


class StoredFile(msgspec.Struct, frozen=True):
    """A file of a mail, and the blob that holds it."""

    name: str
    size: int
    content_type: str
    blob: str


async def get_mail(uow: UnitOfWork, message_id: str) -> MailView:
    """Return a received mail or an answer; an unknown one is not found."""
    found = await repository.received(uow, message_id)
    if found is None:
        return await _answer(uow, message_id)
    row, headers = found
    facts: dict[str, Any] = headers.facts if headers else {}
    files: list[dict[str, Any]] = headers.files if headers else []
    return MailView(
        id=row.id,
        interaction_id=row.interaction_id,
        conversation_id=row.conversation_id,
        mailbox_id=row.mailbox_id,
        external_id=headers.external_id if headers else None,
        subject=headers.subject if headers else None,
        sender=headers.sender if headers else None,
        dated_at=datetime.fromisoformat(facts["date"]) if facts.get("date") else None,
        blocked_images=facts.get("blocked_images", 0),
        is_cut=facts.get("is_cut", False),
        files=[_file(number, each) for number, each in enumerate(files, 1)],
        delivery=None,
    )


async def original_of(uow: UnitOfWork, message_id: str) -> str:
    """Return the blob with a received mail as it came; not found when it was erased."""
    found = await repository.received(uow, message_id)
    if found is None or found[1] is None:
        raise UnknownMailError
    return found[1].raw_blob


async def stored_file(uow: UnitOfWork, message_id: str, number: int) -> StoredFile:
    """Return where a file of a received mail is."""
    found = await repository.received(uow, message_id)
    if found is None or found[1] is None:
        raise UnknownMailError
    files = found[1].files
    if not 1 <= number <= len(files):
        raise UnknownFileError
    each = files[number - 1]
    return StoredFile(each["name"], each["size"], each["content_type"], each["blob"])


async def _answer(uow: UnitOfWork, message_id: str) -> MailView:
    row = (await repository.outgoing(uow, [message_id])).get(message_id)
    if row is None:
        raise UnknownMailError
    diary = await repository.sending(uow, message_id)
    parent = await repository.received(uow, row.in_reply_to) if row.in_reply_to else None
    return MailView(
        id=row.id,
        interaction_id=row.interaction_id,
        conversation_id=row.conversation_id,
        mailbox_id=parent[0].mailbox_id if parent else None,
        external_id=diary.external_id if diary else None,
        subject=None,
        sender=None,
        dated_at=row.queued_at,
        blocked_images=0,
        is_cut=False,
        files=[],
        delivery=_delivery(row),
    )


def _delivery(row: OutgoingRow) -> DeliveryView:
    return DeliveryView(row.state, row.attempts, row.queued_at, row.changed_at, row.code, row.status)


def _file(number: int, each: dict[str, Any]) -> FileView:
    return FileView(number, each["name"], each["size"], each["content_type"], each["content_id"], each["is_inline"])

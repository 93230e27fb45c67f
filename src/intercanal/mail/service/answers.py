"""Answers on their way out: a diary written before and after each try, and the letter itself."""

from datetime import datetime

import msgspec
from sqlalchemy.dialects.postgresql import insert

from intercanal.infra.db import versions
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions import service as interactions
from intercanal.kernel.errors import NotFoundError
from intercanal.mail import repository
from intercanal.mail.domain import compose, message_ids, retries
from intercanal.mail.domain.compose import Letter
from intercanal.mail.errors import UnsendableError
from intercanal.mail.live import DeliveryState, OutgoingRow
from intercanal.mail.tables import Mailbox, MailHeaders, Sending


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sending of an answer stands; `letter` is there when it is to be tried now."""

    state: DeliveryState
    attempts: int
    code: str | None = None
    status: str | None = None
    letter: Letter | None = None
    began_at: datetime


async def keep_diary(uow: UnitOfWork, message_id: str, secret: bytes) -> bool:
    """Open the diary of an answer, with the Message-ID it keeps; False when there is nothing to answer to."""
    row = (await repository.outgoing(uow, [message_id])).get(message_id)
    if row is None:
        return False
    mailbox = await _mailbox(uow, row)
    # an answer to nothing has no mailbox to leave from; it keeps an id that no other mail has
    domain = mailbox.address.rpartition("@")[2] if mailbox else "nowhere.invalid"
    external_id = message_ids.our_id(secret, uow.tenant_id, message_id, domain)
    values = {
        "tenant_id": uow.tenant_id,
        "message_id": message_id,
        "external_id": external_id,
        "state": "waiting",
        "attempts": 0,
        "crashes": 0,
        "is_trying": False,
        "began_at": row.queued_at,
    }
    opened = insert(Sending).values(values).on_conflict_do_nothing().returning(Sending.message_id)
    if (await uow.session.scalar(opened)) is not None:
        await interactions.name_message(uow, message_id, external_id)
    return True


async def begin_try(uow: UnitOfWork, message_id: str) -> Try | None:
    """Note that a try begins and return the letter; without a letter it is settled already, None is unknown."""
    diary = await repository.sending(uow, message_id, lock=True)
    row = (await repository.outgoing(uow, [message_id])).get(message_id)
    if diary is None or row is None:
        return None
    if diary.state != "waiting":
        return _told(diary)
    # the last try neither succeeded nor failed: the process ended in the middle of it
    diary.crashes += 1 if diary.is_trying else 0
    if row.state == "failed" or diary.crashes > retries.MOST_CRASHES:
        diary.state, diary.is_trying = "failed", False
        diary.code = row.code or "mail.sending_crashed"
        return _told(diary)
    try:
        letter = await write_letter(uow, row, diary.external_id)
    except UnsendableError as error:
        diary.state, diary.code, diary.is_trying = "failed", error.code, False
        return _told(diary)
    diary.attempts += 1
    diary.is_trying, diary.tried_at = True, uow.now
    return msgspec.structs.replace(_told(diary), letter=letter)


async def end_try(
    uow: UnitOfWork, message_id: str, state: DeliveryState, code: str | None = None, status: str | None = None
) -> Try:
    """Note how a try went: sent, refused for good, or to be tried again until 48 hours have gone by."""
    diary = await repository.sending(uow, message_id, lock=True)
    if diary is None:
        raise UnsendableError("mail.not_waiting")
    if state == "waiting" and retries.next_try(diary.began_at, diary.attempts, uow.now) is None:
        state, code = "failed", "mail.given_up"
    diary.state, diary.code, diary.status, diary.is_trying, diary.crashes = state, code, status, False, 0
    return _told(diary)


async def write_letter(uow: UnitOfWork, row: OutgoingRow, external_id: str) -> Letter:
    """Gather what an answer says, to whom, and in which thread; raises `UnsendableError` when it never can leave."""
    parent = await repository.received(uow, row.in_reply_to) if row.in_reply_to else None
    headers = parent[1] if parent else None
    mailbox = await _mailbox(uow, row)
    if parent is None or mailbox is None:
        raise UnsendableError("mail.nobody_to_answer")
    if headers is None:
        raise UnsendableError("mail.words_erased")
    if headers.answer_to is None:
        raise UnsendableError("mail.nobody_to_answer")
    return Letter(
        external_id=external_id,
        from_address=mailbox.address,
        from_name=mailbox.name,
        to_address=headers.answer_to,
        to_name=headers.answer_name,
        subject=compose.reply_subject(headers.subject),
        text=await _text(uow, row),
        signature=mailbox.signature,
        in_reply_to=_own_id(headers),
        chain=compose.chain_of(tuple(headers.chain), _own_id(headers)),
        date=row.queued_at,
    )


def _own_id(headers: MailHeaders) -> str | None:
    # an id that we made for a mail without one means nothing to its sender's program
    return headers.external_id if headers.facts.get("has_own_id", True) else None


async def _text(uow: UnitOfWork, row: OutgoingRow) -> str:
    try:
        view = await interactions.get_interaction(uow, row.interaction_id)
    except NotFoundError as error:
        raise UnsendableError("mail.words_erased") from error
    text = next((message.text for message in view.messages if message.id == row.id), None)
    if text is None:
        raise UnsendableError("mail.words_erased")
    return text


async def _mailbox(uow: UnitOfWork, row: OutgoingRow) -> Mailbox | None:
    parent = await repository.received(uow, row.in_reply_to) if row.in_reply_to else None
    if parent is None:
        return None
    found = await versions.history(uow, Mailbox, parent[0].mailbox_id)
    return found[0] if found else None


def _told(diary: Sending) -> Try:
    return Try(
        state=_state(diary.state),
        attempts=diary.attempts,
        code=diary.code,
        status=diary.status,
        began_at=diary.began_at,
    )


def _state(text: str) -> DeliveryState:
    match text:
        case "sent" | "failed":
            return text
        case _:
            return "waiting"

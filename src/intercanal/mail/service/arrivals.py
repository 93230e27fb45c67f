"""Taking a mail in: whose it is, which conversation it continues, and the words that travel with its command."""

import hashlib
from typing import Any

import msgspec

from intercanal.customers import service as customers
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.live.client import Key
from intercanal.interactions import live as interactions
from intercanal.interactions import service as conversations
from intercanal.kernel.errors import InvalidError, NotFoundError
from intercanal.kernel.live import Words
from intercanal.mail import repository
from intercanal.mail.domain import message_ids, threads
from intercanal.mail.domain.charsets import one_line, unescape
from intercanal.mail.domain.model import Address, Classification, Mail
from intercanal.mail.live import OutgoingRow, Receive, Undelivered
from intercanal.mail.schemas import MailboxView
from intercanal.tenancy import service as tenancy

HEADERS_TABLE = "mail_headers"
_SCOPE = "mail.receive"
_LONGEST_SENDER = 320


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that was read and whose bytes are durable already."""

    mail: Mail
    message_id: str
    raw_blob: str
    file_blobs: tuple[str, ...]
    envelope_from: str


class Reception(msgspec.Struct, frozen=True):
    """What is handed to the live core; the key makes the same mail to the same mailbox one message."""

    command: Receive
    words: tuple[Words, ...]
    key: Key


async def known_message(uow: UnitOfWork, mailbox_id: str, external_id: str) -> str | None:
    """Return the message a mail became when it came before, however long ago."""
    return await repository.message_by_external_id(uow, mailbox_id, external_id)


async def prepare(uow: UnitOfWork, mailbox: MailboxView, kept: Kept, secret: bytes) -> Reception:
    """Find the customer and the conversation, and make the command with its words."""
    mail = kept.mail
    asked = threads.references(mail)
    ours = await _ours(uow, asked, secret)
    sender = _normal(mail.sender)
    conversation_id = threads.conversation_of(
        asked,
        {reference: row.conversation_id for reference, row in ours.items()},
        await _theirs(uow, mailbox.id, [each for each in asked if each not in ours]),
        sender,
    )
    customer_id = await _customer(uow, mail)
    command = Receive(
        message_id=kept.message_id,
        mailbox_id=mailbox.id,
        queue_id=mailbox.queue_id,
        classification=mail.classification.value,
        conversation_id=conversation_id,
        customer_id=customer_id,
        preferred_agent_id=await _last_agent(uow, conversation_id),
        undelivered=_undelivered(mail, ours),
    )
    words = (_said(uow, kept), _headers(uow, mailbox, kept, sender))
    digest = hashlib.sha256(mail.external_id.encode()).hexdigest()
    return Reception(command, words, Key(_SCOPE, f"{mailbox.id}:{digest}", ""))


async def _ours(uow: UnitOfWork, asked: tuple[str, ...], secret: bytes) -> dict[str, OutgoingRow]:
    opened = {reference: message_ids.opened(secret, uow.tenant_id, reference) for reference in asked}
    rows = await repository.outgoing(uow, [found for found in opened.values() if found])
    return {reference: rows[found] for reference, found in opened.items() if found in rows}


async def _theirs(uow: UnitOfWork, mailbox_id: str, asked: list[str]) -> dict[str, threads.Known]:
    known = await repository.known_mails(uow, mailbox_id, asked)
    people = await repository.people_of(uow, {each.conversation_id for each in known})
    return {
        each.external_id: threads.Known(each.conversation_id, frozenset(people[each.conversation_id])) for each in known
    }


async def _customer(uow: UnitOfWork, mail: Mail) -> str | None:
    # a machine that reports or answers by itself is nobody's customer
    if mail.sender is None or mail.classification is not Classification.NORMAL:
        return None
    try:
        return await customers.recognise(uow, "mail", mail.sender.email, mail.sender.name or None)
    except InvalidError:
        return None


async def _last_agent(uow: UnitOfWork, conversation_id: str | None) -> str | None:
    if conversation_id is None:
        return None
    try:
        return (await conversations.get_thread(uow, conversation_id)).last_agent_id
    except NotFoundError:
        return None


def _undelivered(mail: Mail, ours: dict[str, OutgoingRow]) -> Undelivered | None:
    report = mail.report
    if report is None or not report.is_final or report.original_message_id is None:
        return None
    row = ours.get(report.original_message_id)
    if row is None or row.state == "failed":
        return None
    return Undelivered(row.id, row.interaction_id, row.conversation_id, row.in_reply_to, row.queued_at, report.status)


def _said(uow: UnitOfWork, kept: Kept) -> Words:
    mail = kept.mail
    files = [
        interactions.Attachment(file.name, file.size, file.content_type, blob)
        for file, blob in zip(mail.attachments, kept.file_blobs, strict=True)
    ]
    return interactions.message_words(
        uow.tenant_id,
        kept.message_id,
        {
            "text": mail.body.text,
            "reply_text": mail.body.reply_text,
            "html": mail.body.html,
            "subject": mail.subject,
            "sender": mail.sender.email if mail.sender else None,
            "recipients": [person.email for person in (*mail.to, *mail.cc)],
            "external_id": mail.external_id,
            "attachments": files,
        },
    )


def _headers(uow: UnitOfWork, mailbox: MailboxView, kept: Kept, sender: str | None) -> Words:
    mail = kept.mail
    others = {found for found in map(_normal, (*mail.to, *mail.cc)) if found and found != mailbox.address}
    chain = mail.references or mail.in_reply_to[:1]
    values: dict[str, Any] = {
        "tenant_id": uow.tenant_id,
        "message_id": kept.message_id,
        "mailbox_id": mailbox.id,
        "external_id": mail.external_id,
        "sender": sender,
        "answer_to": _normal(mail.answer_to),
        "answer_name": mail.answer_to.name if mail.answer_to else None,
        "subject": mail.subject,
        "raw_blob": kept.raw_blob,
        "others": sorted(others),
        "chain": list(chain),
        "files": [
            {
                "name": file.name,
                "size": file.size,
                "content_type": file.content_type,
                "content_id": file.content_id,
                "is_inline": file.is_inline,
                "blob": blob,
            }
            for file, blob in zip(mail.attachments, kept.file_blobs, strict=True)
        ],
        "facts": {
            "date": mail.date.isoformat() if mail.date else None,
            "has_own_id": mail.has_own_id,
            # as it was said on the wire, where any byte may stand
            "envelope_from": one_line(unescape(kept.envelope_from), _LONGEST_SENDER),
            "blocked_images": mail.body.blocked_images,
            "is_cut": mail.body.is_cut,
        },
    }
    return Words(HEADERS_TABLE, values)


def _normal(person: Address | None) -> str | None:
    if person is None:
        return None
    try:
        return tenancy.normal_mail(person.email)
    except InvalidError:
        return None

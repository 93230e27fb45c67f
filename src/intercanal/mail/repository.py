"""All queries of mail."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, literal, select, text, update

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import is_id
from intercanal.mail.live import MESSAGES, OUTGOING, MailRow, OutgoingRow
from intercanal.mail.tables import MAIL_ROWS, OUTGOING_ROWS, MailHeaders, OwnedMailAddress, Sending

_M, _O = MAIL_ROWS.c, OUTGOING_ROWS.c

ADDRESS_OWNER = text("SELECT tenant_id::text, mailbox_id::text FROM mail_address_owner(:address)")
WAITING = text("SELECT tenant_id::text, message_id::text FROM mail_outgoing_waiting()")


class KnownMail(msgspec.Struct, frozen=True):
    """A mail received before, and the conversation it belongs to."""

    external_id: str
    conversation_id: str


async def lock_address(uow: UnitOfWork, address: str) -> None:
    """Let one transaction at a time, of any tenant, take or leave an address."""
    await uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(literal(address), 7))))


async def address_owner(uow: UnitOfWork, address: str) -> str | None:
    """Return the mailbox that has an address, whosever it is."""
    row = (await uow.session.execute(ADDRESS_OWNER, {"address": address})).one_or_none()
    return None if row is None else str(row.mailbox_id)


async def first_mail_domain(uow: UnitOfWork) -> str | None:
    """Return the domain of the tenant's oldest mailbox in use, None when it has none."""
    statement = select(OwnedMailAddress.address).where(OwnedMailAddress.tenant_id == uow.tenant_id)
    address = await uow.session.scalar(statement.order_by(OwnedMailAddress.mailbox_id).limit(1))
    return None if address is None else str(address).rpartition("@")[2]


async def take_address(uow: UnitOfWork, address: str, mailbox_id: str) -> None:
    """Give an address to a mailbox."""
    values = {"tenant_id": uow.tenant_id, "address": address, "mailbox_id": mailbox_id}
    await uow.session.execute(insert(OwnedMailAddress).values(values))


async def leave_addresses(uow: UnitOfWork, mailbox_id: str) -> None:
    """Take a mailbox's address away from it, so that it can be used again."""
    mine = (OwnedMailAddress.tenant_id == uow.tenant_id) & (OwnedMailAddress.mailbox_id == mailbox_id)
    await uow.session.execute(delete(OwnedMailAddress).where(mine))


async def message_by_external_id(uow: UnitOfWork, mailbox_id: str, external_id: str) -> str | None:
    """Return the message that a Message-ID became in a mailbox, when it is there already."""
    statement = select(MailHeaders.message_id).where(
        MailHeaders.tenant_id == uow.tenant_id,
        MailHeaders.mailbox_id == mailbox_id,
        MailHeaders.external_id == external_id,
    )
    return (await uow.session.scalars(statement)).one_or_none()


async def known_mails(uow: UnitOfWork, mailbox_id: str, external_ids: Collection[str]) -> list[KnownMail]:
    """Return which references name mails that this mailbox received."""
    if not external_ids:
        return []
    statement = (
        select(MailHeaders.external_id, _M.conversation_id)
        .join(MAIL_ROWS, (_M.tenant_id == MailHeaders.tenant_id) & (_M.id == MailHeaders.message_id))
        .where(
            MailHeaders.tenant_id == uow.tenant_id,
            MailHeaders.mailbox_id == mailbox_id,
            MailHeaders.external_id.in_(external_ids),
        )
    )
    return [KnownMail(*row) for row in await uow.session.execute(statement)]


async def people_of(uow: UnitOfWork, conversation_ids: Collection[str]) -> dict[str, set[str]]:
    """Return, by conversation, the addresses that wrote or were written to in its mails."""
    found: dict[str, set[str]] = {conversation_id: set() for conversation_id in conversation_ids}
    if not found:
        return found
    statement = (
        select(_M.conversation_id, MailHeaders.sender, MailHeaders.answer_to, MailHeaders.others)
        .join(MAIL_ROWS, (_M.tenant_id == MailHeaders.tenant_id) & (_M.id == MailHeaders.message_id))
        .where(MailHeaders.tenant_id == uow.tenant_id, _M.conversation_id.in_(found))
    )
    for conversation_id, sender, answer_to, others in await uow.session.execute(statement):
        found[conversation_id].update(address for address in (sender, answer_to, *others) if address)
    return found


async def outgoing(uow: UnitOfWork, message_ids: Collection[str]) -> dict[str, OutgoingRow]:
    """Return answers by id, as the journal last wrote them."""
    columns = [_O[name] for name in OUTGOING.columns]
    wanted = [message_id for message_id in message_ids if is_id(message_id)]
    statement = select(*columns).where(_O.tenant_id == uow.tenant_id, _O.id.in_(wanted))
    rows = [_row(OUTGOING.columns, row) for row in await uow.session.execute(statement)]
    return {found.id: found for found in (msgspec.convert(row, OutgoingRow) for row in rows)}


async def received(uow: UnitOfWork, message_id: str) -> tuple[MailRow, MailHeaders | None] | None:
    """Return a received mail with what its headers say, unless those were erased."""
    if not is_id(message_id):
        return None
    columns = [_M[name] for name in MESSAGES.columns]
    row = (
        await uow.session.execute(select(*columns).where(_M.tenant_id == uow.tenant_id, _M.id == message_id))
    ).one_or_none()
    if row is None:
        return None
    headers = await uow.session.get(MailHeaders, (uow.tenant_id, message_id))
    return msgspec.convert(_row(MESSAGES.columns, row), MailRow), headers


async def sending(uow: UnitOfWork, message_id: str, *, lock: bool = False) -> Sending | None:
    """Return the diary of sending an answer."""
    statement = select(Sending).where(Sending.tenant_id == uow.tenant_id, Sending.message_id == message_id)
    return (await uow.session.scalars(statement.with_for_update() if lock else statement)).one_or_none()


async def note_sending(uow: UnitOfWork, message_id: str, values: dict[str, Any]) -> None:
    """Write into the diary of sending an answer."""
    mine = (Sending.tenant_id == uow.tenant_id) & (Sending.message_id == message_id)
    await uow.session.execute(update(Sending).where(mine).values(values))


async def mails_of_customers(uow: UnitOfWork, customer_ids: Sequence[str]) -> list[MailHeaders]:
    """Return what is kept of the mails of some customers."""
    statement = (
        select(MailHeaders)
        .join(MAIL_ROWS, (_M.tenant_id == MailHeaders.tenant_id) & (_M.id == MailHeaders.message_id))
        .where(MailHeaders.tenant_id == uow.tenant_id, _M.customer_id.in_(customer_ids))
    )
    return list(await uow.session.scalars(statement))


async def forget(uow: UnitOfWork, message_ids: Sequence[str]) -> None:
    """Forget what the headers of some mails said."""
    mine = (MailHeaders.tenant_id == uow.tenant_id) & MailHeaders.message_id.in_(message_ids)
    await uow.session.execute(delete(MailHeaders).where(mine))


def _row(columns: Collection[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(columns, row, strict=True))

"""Mailboxes: settings kept in versions, each with an address that nobody else in the installation has."""

from typing import Any

from sqlalchemy.exc import IntegrityError

from intercanal.infra.db import versions
from intercanal.infra.db.database import Database
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import InvalidError, NotFoundError
from intercanal.kernel.ids import TenantId
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor
from intercanal.mail import repository
from intercanal.mail.errors import AddressTakenError, ChangedMeanwhileError, UnknownMailboxError
from intercanal.mail.schemas import MailboxBody, MailboxChange, MailboxVersion, MailboxView
from intercanal.mail.tables import Mailbox
from intercanal.routing import service as routing
from intercanal.tenancy import service as tenancy


async def create_mailbox(uow: UnitOfWork, body: MailboxBody) -> MailboxView:
    """Add a mailbox for an address that nobody has."""
    address = tenancy.normal_mail(body.address)
    if not address.isascii():
        raise InvalidError("mail.address_not_ascii")
    await repository.lock_address(uow, address)
    if await repository.address_owner(uow, address) is not None:
        raise AddressTakenError
    await _require_queue(uow, body.queue_id)
    row = versions.first(uow, Mailbox, {"address": address, **_values(body), "retired": False}, body.reason)
    await repository.take_address(uow, address, row.id)
    return await _written(uow, row)


async def change_mailbox(uow: UnitOfWork, mailbox_id: str, body: MailboxChange) -> MailboxView:
    """Change a mailbox's settings."""
    row = await _current(uow, mailbox_id)
    if body.version is not None and body.version != row.version:
        raise ChangedMeanwhileError
    if body.queue_id != row.queue_id:
        await _require_queue(uow, body.queue_id)
    return await _written(uow, versions.next_of(uow, row, _values(body), body.reason))


async def retire_mailbox(uow: UnitOfWork, mailbox_id: str, reason: str) -> None:
    """Take a mailbox out of use: its address takes no more mail, and may be given to another."""
    row = await _current(uow, mailbox_id)
    await repository.leave_addresses(uow, row.id)
    await _written(uow, versions.next_of(uow, row, {"retired": True}, reason))


async def get_mailbox(uow: UnitOfWork, mailbox_id: str) -> MailboxView:
    """Return a mailbox."""
    return _view(await _current(uow, mailbox_id))


async def list_mailboxes(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[MailboxView]:
    """Return the mailboxes in use, in the order they were added."""
    after, size = id_cursor(cursor) or "", clamp(limit)
    rows = await versions.all_current(uow, Mailbox, after=after, limit=size + 1)
    return Page([_view(row) for row in rows[:size]], encode_cursor(rows[size - 1].id) if len(rows) > size else None)


async def mailbox_versions(uow: UnitOfWork, mailbox_id: str) -> list[MailboxVersion]:
    """Return every version of a mailbox's settings, the newest first."""
    await _current(uow, mailbox_id)
    return [
        MailboxVersion(
            row.version, row.author_id, row.at, row.reason, row.queue_id, row.name, row.signature, row.retired
        )
        for row in await versions.history(uow, Mailbox, mailbox_id)
    ]


async def mailbox_of_address(database: Database, address: str) -> tuple[TenantId, str] | None:
    """Find whose mailbox an address is, before any tenant is known; what follows a `+` is the customer's own affair."""
    try:
        normal = tenancy.normal_mail(address)
    except InvalidError:
        return None
    local, _, domain = normal.rpartition("@")
    for asked in dict.fromkeys((normal, f"{local.partition('+')[0]}@{domain}")):
        found = await database.lookup(repository.ADDRESS_OWNER, address=asked)
        if found:
            return TenantId(found[0].tenant_id), str(found[0].mailbox_id)
    return None


async def _require_queue(uow: UnitOfWork, queue_id: str) -> None:
    try:
        await routing.require_queue(uow, queue_id)
    except NotFoundError as error:
        raise InvalidError("mail.queue_unknown", queue_id=queue_id) from error


async def _current(uow: UnitOfWork, mailbox_id: str) -> Mailbox:
    row = await versions.current(uow, Mailbox, mailbox_id)
    if row is None:
        raise UnknownMailboxError
    return row


async def _written(uow: UnitOfWork, row: Mailbox) -> MailboxView:
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise ChangedMeanwhileError from error
    return _view(row)


def _values(body: MailboxBody | MailboxChange) -> dict[str, Any]:
    return {"queue_id": body.queue_id, "name": body.name or None, "signature": body.signature or None}


def _view(row: Mailbox) -> MailboxView:
    return MailboxView(row.id, row.version, row.address, row.queue_id, row.name, row.signature)

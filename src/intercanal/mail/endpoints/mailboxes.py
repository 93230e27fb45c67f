"""The doors to mailboxes."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import Parameter

from intercanal.infra.http.door import Door
from intercanal.kernel.paging import Page
from intercanal.mail import service
from intercanal.mail.schemas import MailboxBody, MailboxChange, MailboxVersion, MailboxView, Reason

Limit = Annotated[int | None, Parameter(ge=1)]


@post("/mailboxes", opt={"permission": "mail.configure"})
async def create_mailbox(door: Door, data: MailboxBody) -> MailboxView:
    """Add a mailbox; from then on mails to its address wait in its queue."""
    return await door.write(lambda uow: service.create_mailbox(uow, data))


@get("/mailboxes", opt={"permission": "mail.read"})
async def list_mailboxes(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[MailboxView]:
    """Return the mailboxes in use."""
    return await door.read(lambda uow: service.list_mailboxes(uow, cursor, limit))


@get("/mailboxes/{mailbox_id:str}", opt={"permission": "mail.read"})
async def get_mailbox(door: Door, mailbox_id: str) -> MailboxView:
    """Return a mailbox."""
    return await door.read(lambda uow: service.get_mailbox(uow, mailbox_id))


@get("/mailboxes/{mailbox_id:str}/versions", opt={"permission": "mail.read"})
async def mailbox_versions(door: Door, mailbox_id: str) -> Page[MailboxVersion]:
    """Return every version of a mailbox's settings, the newest first, with author, date and reason."""
    return Page(await door.read(lambda uow: service.mailbox_versions(uow, mailbox_id)))


@put("/mailboxes/{mailbox_id:str}", opt={"permission": "mail.configure"})
async def change_mailbox(door: Door, mailbox_id: str, data: MailboxChange) -> MailboxView:
    """Change a mailbox's settings."""
    return await door.write(lambda uow: service.change_mailbox(uow, mailbox_id, data))


@delete("/mailboxes/{mailbox_id:str}", opt={"permission": "mail.configure"})
async def retire_mailbox(door: Door, mailbox_id: str, reason: Reason = "") -> None:
    """Take a mailbox out of use; its address takes no more mail."""
    await door.write(lambda uow: service.retire_mailbox(uow, mailbox_id, reason))


HANDLERS = [create_mailbox, list_mailboxes, get_mailbox, mailbox_versions, change_mailbox, retire_mailbox]

"""What mail needs of the outside world; adapters: SMTP and memory for sending, pgqueuer and memory for waiting."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import TenantId

Send = Callable[[TenantId, str], Awaitable[timedelta | None]]
"""Tries to send one answer; returns how long to wait before it is tried again, None when it is settled."""


class NotTakenError(Exception):
    """The next mail server did not take a mail over; `status` is its SMTP code, when it said one."""

    def __init__(self, status: str | None, *, is_final: bool) -> None:
        super().__init__(status)
        self.status = status
        self.is_final = is_final


class MailTransport(Protocol):
    """The way out: hands one mail to the next mail server."""

    async def send(self, sender: str, recipient: str, raw: bytes, *, needs_utf8: bool = False) -> None:
        """Return once the other side has taken the mail over; raises `NotTakenError` when it has not."""
        ...


class SendQueue(Protocol):
    """Answers that wait to be sent: kept with the transaction that brings them, and across any crash."""

    async def put(self, uow: UnitOfWork, message_id: str) -> None:
        """Have an answer sent after the commit, once, however often it is put while it waits."""
        ...

    async def run(self, send: Send, ready: Callable[[], None], stopping: "Stopping") -> None:
        """Send what waits as it comes, and again when asked to, until told to stop; what was begun is finished."""
        ...

    async def tidy(self) -> None:
        """Forget what was noted of answers that left long ago."""
        ...


class Stopping(Protocol):
    """Something that can be waited for: the process is asked to end (`asyncio.Event` is one)."""

    def is_set(self) -> bool:
        """Say whether it has been asked."""
        ...

    async def wait(self) -> bool:
        """Wait until it is asked."""
        ...


class MailboxRef(msgspec.Struct, frozen=True):
    """Where a mail goes: a tenant's mailbox."""

    tenant_id: TenantId
    mailbox_id: str


class Postbox(Protocol):
    """What an incoming mail server asks: whose an address is, and to take a mail over."""

    async def mailbox_of(self, address: str) -> MailboxRef | None:
        """Return the mailbox an address belongs to, None when it is nobody's here."""
        ...

    async def take(self, raw: bytes, envelope_from: str, mailboxes: Sequence[MailboxRef]) -> None:
        """Return once the mail is durable in each mailbox.

        Raises `MailRefused` when the mail itself cannot be taken, `UnavailableError` or `TooManyError` for later.
        """
        ...

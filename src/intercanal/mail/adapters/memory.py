"""Mail without an outside world, for tests and trials: a relay and a queue that live in this process."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import TenantId
from intercanal.mail.ports import NotTakenError, Send, Stopping

_MOST_WAITING = 10_000


class Taken(msgspec.Struct, frozen=True):
    """A mail that the relay in memory took over."""

    sender: str
    recipient: str
    raw: bytes


class MemoryTransport:
    """A relay that keeps what it is given; told to, it refuses."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.refusals: dict[str, NotTakenError] = {}

    async def send(self, sender: str, recipient: str, raw: bytes, *, needs_utf8: bool = False) -> None:
        """Keep a mail, unless its recipient is to be refused."""
        refusal = self.refusals.get(recipient)
        if refusal is not None:
            raise refusal
        if needs_utf8 and sender.isascii() and recipient.isascii():
            raise ValueError(sender)
        self.taken.append(Taken(sender, recipient, raw))


class MemoryQueue:
    """A queue that forgets everything with the process."""

    def __init__(self) -> None:
        self._known: set[tuple[TenantId, str]] = set()
        self._waiting: asyncio.Queue[tuple[TenantId, str] | None] = asyncio.Queue(_MOST_WAITING)

    async def put(self, uow: UnitOfWork, message_id: str) -> None:
        """Have an answer sent after the commit."""

        async def after_commit() -> None:
            job = (uow.tenant_id, message_id)
            if job not in self._known:
                self._known.add(job)
                await self._waiting.put(job)

        uow.after_commit(after_commit)

    async def run(self, send: Send, ready: Callable[[], None], stopping: Stopping) -> None:
        """Send what waits, one after the other, until told to stop."""
        ready()
        ender = asyncio.create_task(self._end(stopping))
        while (job := await self._waiting.get()) is not None:
            again = await send(*job)
            if again is None:
                self._known.discard(job)
            else:
                asyncio.get_running_loop().call_later(again / timedelta(seconds=1), self._again, job)
        await ender

    async def tidy(self) -> None:
        """Have nothing to forget."""

    def _again(self, job: tuple[TenantId, str]) -> None:
        self._waiting.put_nowait(job)

    async def _end(self, stopping: Stopping) -> None:
        await stopping.wait()
        await self._waiting.put(None)

"""One door, one transaction: rows and outbox leave together, outside calls wait for the commit."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intercanal.infra.db.own_tables import Outbox
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Command, Event, Words


class Submit(msgspec.Struct, frozen=True):
    """An intent: hand this command to the live core after the commit, even if this process dies in between."""

    command: Command
    words: Sequence[Words] = ()


Call = Callable[[], Awaitable[None]]
Intent = Submit | Call


class KeptEvent(msgspec.Struct, frozen=True):
    """An event read back from the outbox: it only passes by, so nobody needs to know its kind."""

    type: str
    body: dict[str, Any]


class Waiting(msgspec.Struct, frozen=True):
    """An outbox row on its way: what leaves after the commit, with the id that makes a repeat recognisable."""

    id: str
    actor: str | None
    content: Event | KeptEvent | Submit


class Appended(Protocol):
    """A settings row just written: what an observer may tell of it."""

    @property
    def id(self) -> str:
        """Which thing it is a version of."""
        ...

    @property
    def version(self) -> int:
        """Which version it is."""
        ...

    @property
    def retired(self) -> bool:
        """Whether the thing ends with it."""
        ...


class UnitOfWork:
    """The transaction of one use case; services take it first, and never commit."""

    def __init__(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        actor: str | None,
        now: datetime,
        observers: Sequence["Observer"] = (),
    ) -> None:
        self.session = session
        self.tenant_id = tenant_id
        self.actor = actor
        self.now = now
        self.waiting: list[Waiting] = []
        self.calls: list[Call] = []
        self.appended: list[Appended] = []
        self.committed = False
        self._observers = observers

    def new_id(self) -> str:
        """Return a fresh id of this instant."""
        return new_id(self.now)

    def publish(self, event: Event) -> None:
        """Keep an event for the bus, in the same transaction as the rows it tells of."""
        self.waiting.append(Waiting(self.new_id(), self.actor, event))

    def after_commit(self, intent: Intent) -> None:
        """Keep an intent for after the commit; a `Submit` also survives the death of this process."""
        if isinstance(intent, Submit):
            self.waiting.append(Waiting(self.new_id(), self.actor, intent))
        else:
            self.calls.append(intent)

    async def commit(self) -> None:
        """Write the outbox and commit; only doors call this."""
        if self.committed:
            raise RuntimeError("this unit of work is already committed")
        for observe in self._observers:
            observe(self)
        if self.waiting:
            await self.session.execute(insert(Outbox), [self._row(*numbered) for numbered in enumerate(self.waiting)])
        await self.session.commit()
        self.committed = True

    def _row(self, ordinal: int, waiting: Waiting) -> dict[str, Any]:
        content = waiting.content
        submit = isinstance(content, Submit)
        words = msgspec.to_builtins(list(content.words)) if isinstance(content, Submit) else []
        body = content.command if isinstance(content, Submit) else content
        return {
            "tenant_id": self.tenant_id,
            "id": waiting.id,
            "kind": "submit" if submit else "event",
            "actor": waiting.actor,
            "body": msgspec.to_builtins(body),
            "words": words,
            "at": self.now,
            "ordinal": ordinal,
        }


Observer = Callable[[UnitOfWork], None]
"""Sees each unit of work just before its commit; `appended` tells it which settings rows were written."""

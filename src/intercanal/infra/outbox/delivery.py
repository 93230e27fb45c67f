"""Carries what a committed unit of work owes to the stream and to the live core, and forgets it once taken."""

import asyncio
import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from intercanal.infra.db.database import Database
from intercanal.infra.db.own_tables import Outbox
from intercanal.infra.db.unit_of_work import KeptEvent, Submit, UnitOfWork, Waiting
from intercanal.infra.live.client import Key, Live
from intercanal.kernel.errors import IntercanalError, TooManyError, UnavailableError
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Command, Event, Words

log = structlog.get_logger(__name__)

SYSTEM = "system"
PAGE = 100


class Stream(Protocol):
    """The part of the durable stream that delivery needs (`infra.bus.port.Streams`)."""

    async def append(self, subject: str, body: bytes, message_id: str) -> None:
        """Store a message once under its id."""
        ...


class Published(msgspec.Struct, frozen=True):
    """A settings event on the stream: its id makes a repeat recognisable, `event` is the tagged fact."""

    id: str
    tenant_id: TenantId
    actor: str | None
    event: msgspec.Raw


class Handed(msgspec.Struct, frozen=True):
    """How many rows a page held, and how many of them left."""

    found: int
    taken: int


def subject_of(tenant_id: TenantId, event: Event | KeptEvent) -> str:
    """Return the subject an event is published under: `log.<tenant>.<feature>.<fact>`."""
    kind = event.type if isinstance(event, KeptEvent) else type(event).__struct_config__.tag
    return f"log.{tenant_id}.{kind}"


class Codec:
    """Reads outbox rows back; knows the commands of the composed program and no other."""

    def __init__(self, commands: Iterable[type[Command]]) -> None:
        self._command = _union(commands)

    def read(self, row: Outbox) -> Waiting:
        """Read a row back as it was put; raises `msgspec.ValidationError` for what this program does not know."""
        if row.kind == "event":
            return Waiting(row.id, row.actor, KeptEvent(str(row.body["type"]), row.body))
        words = msgspec.convert(row.words, list[Words])
        return Waiting(row.id, row.actor, Submit(msgspec.convert(row.body, self._command), words))


def _is_final(error: Exception) -> bool:
    return isinstance(error, IntercanalError) and not isinstance(error, UnavailableError | TooManyError)


def _union(kinds: Iterable[type]) -> Any:
    known = list(kinds)
    return functools.reduce(operator.or_, known) if known else type(None)


class Delivery:
    """Hands over what is owed, in order; what could not be handed over stays in the outbox for the sweep."""

    def __init__(self, database: Database, live: Live, stream: Stream, codec: Codec) -> None:
        self.database = database
        self._live = live
        self._stream = stream
        self._codec = codec
        self.on_left_over: list[Callable[[], None]] = []

    async def carry_out(self, uow: UnitOfWork) -> None:
        """Do what a committed unit of work left: first what it owes, then its own calls to the outside."""
        if uow.waiting:
            await self.hand_over(uow.tenant_id, uow.waiting)
        for call in uow.calls:
            await call()

    async def hand_over(self, tenant_id: TenantId, owed: Sequence[Waiting]) -> int:
        """Hand over in order and forget what was taken; says how many were.

        A command that the live core refuses is final: it is kept as refused, and the first refusal is raised. When the
        core is away, its commands and what follows stay for the sweep. An event that cannot leave now only waits.
        """
        try:
            return await self._hand_over(tenant_id, owed)
        except asyncio.CancelledError:
            self._tell()  # whoever asked has gone; what is still owed would else wait for the next failure
            raise

    async def _hand_over(self, tenant_id: TenantId, owed: Sequence[Waiting]) -> int:
        taken: list[str] = []
        failure: Exception | None = None
        for waiting in owed:
            try:
                await self._send(tenant_id, waiting)
                taken.append(waiting.id)
            except Exception as error:  # noqa: BLE001 - whatever happened, the row stays and is tried again
                log.warning("outbox.left", tenant_id=tenant_id, outbox_id=waiting.id, kind=type(error).__name__)
                if not isinstance(waiting.content, Submit):
                    continue
                failure = failure or error
                if not _is_final(error):
                    break
                await self._keep_refused(tenant_id, waiting.id, error)
        forgotten = await self._forget(tenant_id, taken)
        if len(taken) < len(owed) or not forgotten:
            self._tell()
        if failure is not None:
            raise failure
        return len(taken)

    async def hand_over_rows(self, tenant_id: TenantId, ids: Sequence[str] | None = None, skip: int = 0) -> Handed:
        """Hand over a page of what the outbox of a tenant still holds, the oldest first."""
        async with self.database.unit_of_work(tenant_id) as uow:
            statement = (
                select(Outbox)
                .where(Outbox.tenant_id == tenant_id, Outbox.refused.is_(None))
                .order_by(Outbox.at, Outbox.ordinal, Outbox.id)
                .offset(skip)
                .limit(PAGE)
            )
            if ids is not None:
                statement = statement.where(Outbox.id.in_(ids))
            rows = (await uow.session.scalars(statement)).all()
        readable = [waiting for row in rows if (waiting := self._read(row)) is not None]
        return Handed(len(rows), await self.hand_over(tenant_id, readable) if readable else 0)

    def _read(self, row: Outbox) -> Waiting | None:
        try:
            return self._codec.read(row)
        except msgspec.ValidationError:
            # Left by another version of the program, which may still be running and know it.
            log.warning("outbox.unreadable", tenant_id=row.tenant_id, outbox_id=row.id, type=row.body.get("type"))
            return None

    async def _send(self, tenant_id: TenantId, waiting: Waiting) -> None:
        content = waiting.content
        if isinstance(content, Submit):
            key = Key(scope="outbox", key=waiting.id, body_hash=waiting.id)
            actor = waiting.actor or SYSTEM
            await self._live.submit(tenant_id, content.command, actor=actor, key=key, words=content.words)
            return
        event = msgspec.Raw(msgspec.json.encode(content.body if isinstance(content, KeptEvent) else content))
        body = msgspec.json.encode(Published(waiting.id, tenant_id, waiting.actor, event))
        await self._stream.append(subject_of(tenant_id, content), body, waiting.id)

    async def _keep_refused(self, tenant_id: TenantId, row_id: str, error: Exception) -> None:
        code = error.code if isinstance(error, IntercanalError) else type(error).__name__
        log.error("outbox.refused", tenant_id=tenant_id, outbox_id=row_id, code=code)
        async with self.database.unit_of_work(tenant_id) as uow:
            mine = (Outbox.tenant_id == tenant_id, Outbox.id == row_id)
            await uow.session.execute(update(Outbox).where(*mine).values(refused=code, attempts=Outbox.attempts + 1))
            await uow.commit()

    async def _forget(self, tenant_id: TenantId, ids: Sequence[str]) -> bool:
        """Delete delivered rows; a failure only means that they are delivered, recognisably, once more."""
        if not ids:
            return True
        try:
            async with self.database.unit_of_work(tenant_id) as uow:
                await uow.session.execute(delete(Outbox).where(Outbox.tenant_id == tenant_id, Outbox.id.in_(ids)))
                await uow.commit()
        except (SQLAlchemyError, UnavailableError):
            return False
        return True

    def _tell(self) -> None:
        for wake in self.on_left_over:
            wake()

"""All queries of interactions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions.live import INTERACTIONS, Attachment, Classification, Direction, InteractionRow
from intercanal.interactions.tables import INTERACTION_ROWS, MESSAGE_ROWS, MessageWords, TimelineEntry
from intercanal.kernel.ids import is_id

_I, _M = INTERACTION_ROWS.c, MESSAGE_ROWS.c


class Filter(msgspec.Struct, frozen=True):
    """What a list of interactions may be narrowed to; `customer_ids` are all those read as the customer asked for."""

    channel: str | None = None
    state: str | None = None
    queue_id: str | None = None
    agent_id: str | None = None
    customer_id: str | None = None
    customer_ids: tuple[str, ...] | None = None
    conversation_id: str | None = None
    external_id: str | None = None


def _interactions(uow: UnitOfWork) -> Select[Any]:
    return select(*(_I[name] for name in INTERACTIONS.columns)).where(_I.tenant_id == uow.tenant_id)


async def _rows(uow: UnitOfWork, statement: Select[Any]) -> list[InteractionRow]:
    found = await uow.session.execute(statement)
    return [msgspec.convert(dict(zip(INTERACTIONS.columns, row, strict=True)), InteractionRow) for row in found]


async def interaction(uow: UnitOfWork, interaction_id: str) -> InteractionRow | None:
    """Return an interaction as the journal last wrote it."""
    if not is_id(interaction_id):
        return None
    return next(iter(await _rows(uow, _interactions(uow).where(_I.id == interaction_id))), None)


async def interactions(uow: UnitOfWork, wanted: Filter, before: str | None, limit: int) -> list[InteractionRow]:
    """Return interactions, the newest first."""
    statement = _interactions(uow).order_by(_I.id.desc()).limit(limit)
    for name in ("channel", "state", "queue_id", "agent_id", "conversation_id"):
        value = getattr(wanted, name)
        if value is not None and name.endswith("_id") and not is_id(value):
            return []
        if value is not None:
            statement = statement.where(_I[name] == value)
    if wanted.customer_ids is not None:
        statement = statement.where(_I.customer_id.in_(wanted.customer_ids))
    if wanted.external_id is not None:
        holders = select(_M.interaction_id).join(
            MessageWords, (MessageWords.tenant_id == _M.tenant_id) & (MessageWords.message_id == _M.id)
        )
        statement = statement.where(
            _I.id.in_(holders.where(_M.tenant_id == uow.tenant_id, MessageWords.external_id == wanted.external_id))
        )
    if before is not None and is_id(before):
        statement = statement.where(_I.id < before)
    return await _rows(uow, statement)


class QueueWork(msgspec.Struct, frozen=True):
    """What a queue has: the first of those that wait, oldest arrival first, and how many there are in each state."""

    waiting: list[InteractionRow]
    queued: int
    offered: int
    held: int


async def queue_work(uow: UnitOfWork, queue_id: str, limit: int) -> QueueWork:
    """Return the work of a queue."""
    mine = (_I.tenant_id == uow.tenant_id, _I.queue_id == queue_id)
    counted = select(_I.state, func.count()).where(*mine, _I.state != "closed").group_by(_I.state)
    counts = {row[0]: row[1] for row in await uow.session.execute(counted)}
    oldest = _interactions(uow).where(_I.queue_id == queue_id, _I.state == "queued").order_by(_I.arrived_at, _I.id)
    waiting = await _rows(uow, oldest.limit(limit))
    return QueueWork(waiting, *(counts.get(state, 0) for state in ("queued", "offered", "held")))


async def last_of_conversation(uow: UnitOfWork, conversation_id: str) -> InteractionRow | None:
    """Return the newest interaction of a conversation."""
    return next(iter(await interactions(uow, Filter(conversation_id=conversation_id), None, 1)), None)


def _messages(uow: UnitOfWork) -> Select[Any]:
    said = (MessageWords.tenant_id == _M.tenant_id) & (MessageWords.message_id == _M.id)
    return (
        select(
            _M.id, _M.interaction_id, _M.direction, _M.at, _M.author_agent_id, _M.classification,
            MessageWords.text, MessageWords.reply_text, MessageWords.html, MessageWords.subject, MessageWords.sender,
            MessageWords.recipients, MessageWords.external_id, MessageWords.attachments,
        )
        .outerjoin(MessageWords, said)
        .where(_M.tenant_id == uow.tenant_id)
        .order_by(_M.at, _M.id)
    )  # fmt: skip


class StoredMessage(msgspec.Struct, frozen=True):
    """A message or note with its words, as they are kept."""

    id: str
    interaction_id: str
    direction: Direction
    at: datetime
    author_agent_id: str | None
    classification: Classification
    text: str | None
    reply_text: str | None
    html: str | None
    subject: str | None
    sender: str | None
    recipients: list[str]
    external_id: str | None
    attachments: list[Attachment]


def _message(row: Row[Any]) -> StoredMessage:
    values = dict(zip(StoredMessage.__struct_fields__, row, strict=True))
    values["recipients"] = values["recipients"] or []
    values["attachments"] = values["attachments"] or []
    return msgspec.convert(values, StoredMessage)


async def messages_of(uow: UnitOfWork, interaction_id: str) -> list[StoredMessage]:
    """Return the messages and notes of an interaction, the oldest first."""
    found = await uow.session.execute(_messages(uow).where(_M.interaction_id == interaction_id))
    return [_message(row) for row in found]


async def messages(uow: UnitOfWork, message_ids: Iterable[str]) -> dict[str, StoredMessage]:
    """Return some messages by id."""
    found = await uow.session.execute(_messages(uow).where(_M.id.in_(list(message_ids))))
    return {one.id: one for one in map(_message, found)}


async def timeline(uow: UnitOfWork, conversation_id: str, after: int, limit: int) -> Sequence[TimelineEntry]:
    """Return the facts of a conversation in their order."""
    of_it = select(_I.id).where(_I.tenant_id == uow.tenant_id, _I.conversation_id == conversation_id)
    statement = (
        select(TimelineEntry)
        .where(
            TimelineEntry.tenant_id == uow.tenant_id,
            TimelineEntry.interaction_id.in_(of_it),
            TimelineEntry.sequence > after,
        )
        .order_by(TimelineEntry.sequence)
        .limit(limit)
    )
    return (await uow.session.scalars(statement)).all()


WORDS = ("text", "reply_text", "html", "subject", "sender", "recipients", "external_id", "attachments")


class KeptWords(msgspec.Struct, frozen=True):
    """A message whose words are still there, and the blobs of its files."""

    message_id: str
    blobs: tuple[str, ...]


async def words_of_customers(uow: UnitOfWork, customer_ids: Sequence[str], limit: int) -> list[KeptWords]:
    """Return messages of these customers' interactions that still have words."""
    ids = [one for one in customer_ids if is_id(one)]
    statement = (
        select(MessageWords.message_id, MessageWords.attachments)
        .join(MESSAGE_ROWS, (_M.tenant_id == MessageWords.tenant_id) & (_M.id == MessageWords.message_id))
        .join(INTERACTION_ROWS, (_I.tenant_id == _M.tenant_id) & (_I.id == _M.interaction_id))
        .where(
            MessageWords.tenant_id == uow.tenant_id,
            _I.customer_id.in_(ids),
            or_(*(getattr(MessageWords, name).is_not(None) for name in WORDS)),
        )
        .limit(limit)
    )
    found = await uow.session.execute(statement)
    return [
        KeptWords(message_id, tuple(str(file["blob"]) for file in files or [] if file.get("blob")))
        for message_id, files in found
    ]


async def empty_words(uow: UnitOfWork, message_ids: Sequence[str]) -> None:
    """Empty the words of messages; that they were written stays known."""
    mine = (MessageWords.tenant_id == uow.tenant_id, MessageWords.message_id.in_(message_ids))
    await uow.session.execute(update(MessageWords).where(*mine).values(dict.fromkeys(WORDS)))


async def name_message(uow: UnitOfWork, message_id: str, external_id: str) -> None:
    """Note the id under which the outside world knows a message; words that were erased stay so."""
    mine = (MessageWords.tenant_id == uow.tenant_id, MessageWords.message_id == message_id)
    await uow.session.execute(
        update(MessageWords).where(*mine, MessageWords.text.is_not(None)).values(external_id=external_id)
    )


class Fact(msgspec.Struct, frozen=True):
    """One event on its way into the timeline."""

    domain_id: str
    sequence: int
    interaction_id: str
    at: datetime
    type: str
    actor: str
    facts: dict[str, Any]


async def add_facts(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    """Keep facts; one that is there already is the same and stays."""
    rows = [{"tenant_id": uow.tenant_id, **msgspec.structs.asdict(fact)} for fact in facts]
    await uow.session.execute(upsert(TimelineEntry).on_conflict_do_nothing(), rows)

"""How interactions are told: summaries, one with its messages, and the story of a conversation."""

from typing import Any

import msgspec

from intercanal.customers import service as customers
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions import repository
from intercanal.interactions.errors import UnknownConversationError, UnknownInteractionError
from intercanal.interactions.live import InteractionRow
from intercanal.interactions.repository import Filter, StoredMessage
from intercanal.interactions.schemas import (
    AnsweredBy,
    AttachmentView,
    InteractionSummary,
    InteractionView,
    MessageView,
    TimelineItem,
    WrapUpView,
)
from intercanal.kernel.errors import NotFoundError
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor, number_cursor


async def require_interaction(uow: UnitOfWork, interaction_id: str) -> InteractionRow:
    """Return an interaction; an unknown one is not found."""
    row = await repository.interaction(uow, interaction_id)
    if row is None:
        raise UnknownInteractionError
    return row


async def get_interaction(uow: UnitOfWork, interaction_id: str) -> InteractionView:
    """Return an interaction with its messages."""
    row = await require_interaction(uow, interaction_id)
    messages = [_shown(message) for message in await repository.messages_of(uow, row.id)]
    return InteractionView(**_told(row), messages=messages)


async def list_interactions(
    uow: UnitOfWork, wanted: Filter, cursor: str | None, limit: int | None
) -> Page[InteractionSummary]:
    """Return interactions, the newest first."""
    before, size = id_cursor(cursor), clamp(limit)
    if wanted.customer_id is not None:
        wanted = msgspec.structs.replace(wanted, customer_ids=await _read_as(uow, wanted.customer_id))
    rows = await repository.interactions(uow, wanted, before, size + 1)
    items = [InteractionSummary(**_told(row)) for row in rows[:size]]
    return Page(items, encode_cursor(rows[size - 1].id) if len(rows) > size else None)


async def get_timeline(
    uow: UnitOfWork, conversation_id: str, cursor: str | None, limit: int | None
) -> Page[TimelineItem]:
    """Return the story of a conversation in its order, with the words of its messages."""
    if await repository.last_of_conversation(uow, conversation_id) is None:
        raise UnknownConversationError
    after, size = number_cursor(cursor), clamp(limit)
    entries = await repository.timeline(uow, conversation_id, after, size + 1)
    shown = entries[:size]
    said = await repository.messages(uow, [e.facts["message_id"] for e in shown if "message_id" in e.facts])
    items = [
        TimelineItem(
            sequence=entry.sequence,
            at=entry.at,
            type=entry.type,
            interaction_id=entry.interaction_id,
            actor=entry.actor,
            facts=entry.facts,
            message=_shown(found) if (found := said.get(entry.facts.get("message_id", ""))) else None,
        )
        for entry in shown
    ]
    return Page(items, encode_cursor(str(shown[-1].sequence)) if len(entries) > size else None)


async def _read_as(uow: UnitOfWork, customer_id: str) -> tuple[str, ...]:
    """Return the ids under which work of this customer may have been kept: a merge rewrites none of them."""
    try:
        return tuple(await customers.members(uow, customer_id))
    except NotFoundError:
        return ()


def _shown(message: StoredMessage) -> MessageView:
    """Show a message; where its files are kept is nobody's business outside."""
    values = {name: getattr(message, name) for name in MessageView.__struct_fields__}
    values["attachments"] = [AttachmentView(file.name, file.size, file.content_type) for file in message.attachments]
    return MessageView(**values)


def _told(row: InteractionRow) -> dict[str, Any]:
    told = {name: value for name, value in msgspec.structs.asdict(row).items() if name in _COMMON}
    told["answered_by"] = None
    if row.answered_by_agent is not None:
        told["answered_by"] = AnsweredBy(row.answered_by_agent, row.answered_by_employer, row.answered_by_country)
    if row.wrap_up is not None:
        told["wrap_up"] = WrapUpView(row.wrap_up.disposition_id, row.wrap_up.at)
    return told


_COMMON = frozenset(InteractionSummary.__struct_fields__) & frozenset(InteractionRow.__struct_fields__)

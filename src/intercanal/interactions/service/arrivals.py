"""What a door asks before it hands work in: which conversation it continues, and who knows the matter."""

import msgspec

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions import repository
from intercanal.interactions.errors import UnknownConversationError


class Thread(msgspec.Struct, frozen=True):
    """What is known of a conversation: its customer, its last queue, and who answered last."""

    conversation_id: str
    queue_id: str | None
    customer_id: str | None
    last_agent_id: str | None


async def get_thread(uow: UnitOfWork, conversation_id: str) -> Thread:
    """Return what is known of a conversation; an unknown one is not found."""
    row = await repository.last_of_conversation(uow, conversation_id)
    if row is None:
        raise UnknownConversationError
    return Thread(row.conversation_id, row.queue_id, row.customer_id, row.answered_by_agent)

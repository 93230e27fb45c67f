"""What a door asks before it hands work in: which conversation it continues, and who knows the matter."""

import msgspec

from intercanal.customers import service as customers
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions import repository
from intercanal.interactions.errors import UnknownConversationError
from intercanal.interactions.schemas import CustomerHint


class Thread(msgspec.Struct, frozen=True):
    """What is known before work arrives: its customer, the last queue of its conversation, and who answered last."""

    conversation_id: str | None = None
    queue_id: str | None = None
    customer_id: str | None = None
    last_agent_id: str | None = None


async def get_thread(uow: UnitOfWork, conversation_id: str | None, customer_id: str | None = None) -> Thread:
    """Return what is known of a conversation; an unknown conversation or customer is not found."""
    if customer_id is not None:
        customer_id = await customers.canonical(uow, customer_id)
    if conversation_id is None:
        return Thread(customer_id=customer_id)
    row = await repository.last_of_conversation(uow, conversation_id)
    if row is None:
        raise UnknownConversationError
    return Thread(row.conversation_id, row.queue_id, customer_id or row.customer_id, row.answered_by_agent)


async def recognise(uow: UnitOfWork, hint: CustomerHint) -> str:
    """Return the customer behind an address; somebody new is kept at once."""
    return await customers.recognise(uow, hint.kind, hint.value, hint.name)


async def name_message(uow: UnitOfWork, message_id: str, external_id: str) -> None:
    """Note the id under which the outside world knows a message of ours, so that it can be found by it."""
    await repository.name_message(uow, message_id, external_id)

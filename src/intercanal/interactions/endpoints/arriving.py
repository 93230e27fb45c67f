"""The doors through which other programs hand work in."""

from litestar import post

from intercanal.infra.http.door import Door
from intercanal.infra.live.client import Outcome
from intercanal.interactions import service
from intercanal.interactions.errors import TwoCustomersError
from intercanal.interactions.live import (
    Incoming,
    MessageReceived,
    Open,
    Opened,
    ReceiveMessage,
    Said,
    message_words,
)
from intercanal.interactions.schemas import Begun, IncomingBody, OpenBody
from intercanal.interactions.service import Thread
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.ids import new_id

_clock = SystemClock()


def new_message_id() -> str:
    """Make the id under which a message's words are kept."""
    return new_id(_clock.now())


@post("/", opt={"permission": "interactions.submit"})
async def open_interaction(door: Door, data: OpenBody) -> Begun:
    """Hand in a piece of work; it continues the open interaction of its conversation, or begins a new one."""
    thread = Thread()
    if data.conversation_id is not None or data.customer_id is not None:
        thread = await door.read(lambda uow: service.get_thread(uow, data.conversation_id, data.customer_id))
    customer_id = thread.customer_id
    if (hint := data.customer) is not None:
        if customer_id is not None:
            raise TwoCustomersError
        asker = door.principal
        # To recognise twice is to find the same customer, so the key belongs to the command alone.
        customer_id = await door.write_as(asker.tenant_id, asker.id, lambda uow: service.recognise(uow, hint))
    message_id = new_message_id() if data.text is not None or data.external_id is not None else None
    incoming = Incoming(
        channel=data.channel,
        queue_id=data.queue_id,
        message_id=message_id,
        conversation_id=data.conversation_id,
        customer_id=customer_id,
        priority=data.priority,
        language=data.language,
        preferred_agent_id=data.preferred_agent_id or thread.last_agent_id,
    )
    words = []
    if message_id is not None:
        said: Said = {
            "text": data.text,
            "reply_text": data.text,
            "subject": data.subject,
            "external_id": data.external_id,
        }
        words.append(message_words(door.principal.tenant_id, message_id, said))
    return _begun(await door.submit(Open(incoming), words))


@post("/{interaction_id:str}/incoming", opt={"permission": "interactions.submit"})
async def receive_message(door: Door, interaction_id: str, data: IncomingBody) -> Begun:
    """Hand in one more message of the customer; after the end it begins a new interaction of the conversation."""
    row = await door.read(lambda uow: service.require_interaction(uow, interaction_id))
    message_id = new_message_id()
    command = ReceiveMessage(
        conversation_id=row.conversation_id,
        message_id=message_id,
        channel=row.channel,
        queue_id=row.queue_id,
        customer_id=row.customer_id,
        preferred_agent_id=row.answered_by_agent,
    )
    said: Said = {"text": data.text, "reply_text": data.text, "external_id": data.external_id}
    return _begun(await door.submit(command, [message_words(door.principal.tenant_id, message_id, said)]))


def _begun(outcome: Outcome) -> Begun:
    """Read where it went off the events, so that a repeat under the same key tells the same."""
    received = next((event for event in outcome.events if isinstance(event, MessageReceived)), None)
    if received is not None:
        return Begun(received.interaction_id, received.conversation_id, received.message_id)
    opened = next(event for event in outcome.events if isinstance(event, Opened))
    return Begun(opened.interaction_id, opened.conversation_id, None)


HANDLERS = [open_interaction, receive_message]

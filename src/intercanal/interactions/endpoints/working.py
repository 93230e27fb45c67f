"""The doors through which agents work on what they hold."""

from collections.abc import Sequence

from litestar import post

from intercanal.infra.http.door import Door
from intercanal.infra.live.client import Outcome
from intercanal.interactions import service
from intercanal.interactions.endpoints.arriving import new_message_id
from intercanal.interactions.errors import NotYoursToCloseError
from intercanal.interactions.live import (
    AddNote,
    Close,
    MessageSent,
    NoteAdded,
    RecordWrapUp,
    SendMessage,
    Snooze,
    Transfer,
    message_words,
)
from intercanal.interactions.schemas import Done, Kept, Nothing, SnoozeBody, TextBody, TransferBody, WrapUpBody
from intercanal.kernel.live import Command, Refused, Words
from intercanal.people import service as people


async def _submit(door: Door, interaction_id: str, command: Command, words: Sequence[Words] = ()) -> Outcome:
    """Submit, and tell what does not exist here from what is merely over."""
    try:
        return await door.submit(command, words)
    except Refused as error:
        if error.code == "interactions.not_open":
            await door.read(lambda uow: service.require_interaction(uow, interaction_id))
        raise


def _note(door: Door, text: str | None) -> tuple[str | None, list[Words]]:
    if not text or not text.strip():
        return None, []
    note_id = new_message_id()
    return note_id, [message_words(door.principal.tenant_id, note_id, {"text": text})]


@post("/{interaction_id:str}/messages", opt={"permission": "interactions.work"})
async def send_message(door: Door, interaction_id: str, data: TextBody) -> Kept:
    """Answer the customer on what one holds; it leaves once, however often the request is repeated under its key."""
    agent_id, message_id = people.own_agent_id(door.principal), new_message_id()
    words = message_words(door.principal.tenant_id, message_id, {"text": data.text})
    outcome = await _submit(door, interaction_id, SendMessage(interaction_id, agent_id, message_id), [words])
    sent = next(event for event in outcome.events if isinstance(event, MessageSent))
    return Kept(sent.message_id, interaction_id, outcome.sequence)


@post("/{interaction_id:str}/notes", opt={"permission": "interactions.work"})
async def add_note(door: Door, interaction_id: str, data: TextBody) -> Kept:
    """Leave a note for colleagues; the customer never sees it."""
    row = await door.read(lambda uow: service.require_interaction(uow, interaction_id))
    note_id = new_message_id()
    words = message_words(door.principal.tenant_id, note_id, {"text": data.text})
    command = AddNote(row.id, row.conversation_id, door.principal.agent_id, note_id)
    outcome = await door.submit(command, [words])
    noted = next(event for event in outcome.events if isinstance(event, NoteAdded))
    return Kept(noted.message_id, row.id, outcome.sequence)


@post("/{interaction_id:str}/wrap-up", status_code=200, opt={"permission": "interactions.work"})
async def wrap_up(door: Door, interaction_id: str, data: WrapUpBody) -> Done:
    """Say how it ended; it stays in hand until it is closed."""
    agent_id = people.own_agent_id(door.principal)
    if (disposition := data.disposition) is not None:
        await door.read(lambda uow: service.check_disposition(uow, disposition))
    note_id, words = _note(door, data.note)
    command = RecordWrapUp(interaction_id, agent_id, data.disposition, note_id)
    return Done(interaction_id, (await _submit(door, interaction_id, command, words)).sequence)


@post("/{interaction_id:str}/close", status_code=200, opt={"permission": "interactions.work"})
async def close(door: Door, interaction_id: str, data: Nothing) -> Done:
    """End what one holds; who supervises may also end what nobody holds."""
    agent_id = door.principal.agent_id
    if agent_id is None and not door.principal.may("interactions.supervise"):
        raise NotYoursToCloseError
    return Done(interaction_id, (await _submit(door, interaction_id, Close(interaction_id, agent_id))).sequence)


@post("/{interaction_id:str}/snooze", status_code=200, opt={"permission": "interactions.work"})
async def snooze(door: Door, interaction_id: str, data: SnoozeBody) -> Done:
    """Put what one holds away until a date; it comes back to its queue in its original place."""
    command = Snooze(interaction_id, people.own_agent_id(door.principal), data.until)
    return Done(interaction_id, (await _submit(door, interaction_id, command)).sequence)


@post("/{interaction_id:str}/transfer", status_code=200, opt={"permission": "interactions.work"})
async def transfer(door: Door, interaction_id: str, data: TransferBody) -> Done:
    """Hand what one holds over to a queue or to a present agent, in its original place, with a note."""
    note_id, words = _note(door, data.note)
    command = Transfer(
        interaction_id=interaction_id,
        agent_id=people.own_agent_id(door.principal),
        to_queue_id=data.queue_id,
        to_agent_id=data.agent_id,
        note_id=note_id,
    )
    return Done(interaction_id, (await _submit(door, interaction_id, command, words)).sequence)


HANDLERS = [send_message, add_note, wrap_up, close, snooze, transfer]

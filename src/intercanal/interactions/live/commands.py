"""What doors may ask of the live core about interactions, and what a channel hands in."""

from datetime import datetime

import msgspec

from intercanal.interactions.live.rows import Channel, Classification
from intercanal.kernel.live import Command


class Incoming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a channel knows of a piece of work or a message coming in; its words travel beside, under `message_id`.

    Without `conversation_id` a new conversation begins. Without `queue_id` the interaction starts `in_flow`.
    `interaction_id` is the id that a new interaction gets, for a door that must answer before the core decides;
    `arrived_at` is for work that came before the core could hear of it.
    """

    channel: Channel
    interaction_id: str | None = None
    queue_id: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    customer_id: str | None = None
    priority: int = 0
    language: str | None = None
    preferred_agent_id: str | None = None
    classification: Classification = "normal"
    arrived_at: datetime | None = None


class Open(Command, frozen=True, tag="interactions.open"):
    """Take in a piece of work: a new interaction, or one more message of the conversation's open one."""

    incoming: Incoming


class ReceiveMessage(Command, frozen=True, kw_only=True, tag="interactions.receive_message"):
    """The customer says more on a known conversation."""

    conversation_id: str
    message_id: str
    channel: Channel
    queue_id: str | None = None
    customer_id: str | None = None
    preferred_agent_id: str | None = None


class SendMessage(Command, frozen=True, tag="interactions.send_message"):
    """The holder answers the customer."""

    interaction_id: str
    agent_id: str
    message_id: str


class AddNote(Command, frozen=True, tag="interactions.add_note"):
    """A colleague leaves a note that the customer never sees, also after the end; the door knows the conversation."""

    interaction_id: str
    conversation_id: str
    agent_id: str | None
    message_id: str


class RecordWrapUp(Command, frozen=True, tag="interactions.wrap_up"):
    """The holder says how it ended."""

    interaction_id: str
    agent_id: str
    disposition_id: str | None = None
    note_id: str | None = None


class Close(Command, frozen=True, tag="interactions.close"):
    """The holder has done with it; `agent_id` is empty for a colleague who tidies up work that nobody holds."""

    interaction_id: str
    agent_id: str | None = None


class Snooze(Command, frozen=True, tag="interactions.snooze"):
    """The holder puts it away until a date; it then returns to its queue, in its original place."""

    interaction_id: str
    agent_id: str
    until: datetime


class Transfer(Command, frozen=True, kw_only=True, tag="interactions.transfer"):
    """The holder hands it over, blind, to a queue or to one present agent."""

    interaction_id: str
    agent_id: str
    to_queue_id: str | None = None
    to_agent_id: str | None = None
    note_id: str | None = None

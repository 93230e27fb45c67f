"""What happened to interactions; events carry ids, never words."""

from datetime import datetime
from typing import Literal

from intercanal.interactions.live.rows import Channel, Classification, State
from intercanal.kernel.live import Event

QueuedCause = Literal[
    "arrived",
    "offer_declined",
    "offer_expired",
    "offer_withdrawn",
    "agent_offline",
    "agent_absent",
    "shift_ended",
    "transferred",
    "due",
    "customer_answered",
    "recipient_away",
    "overflow",
]


class Opened(Event, frozen=True, kw_only=True, tag="interactions.opened"):
    """A piece of work began; routing looks at it when `state` is queued."""

    interaction_id: str
    conversation_id: str
    channel: Channel
    state: State
    arrived_at: datetime
    queue_id: str | None
    customer_id: str | None
    priority: int
    language: str | None
    preferred_agent_id: str | None
    classification: Classification


class Queued(Event, frozen=True, kw_only=True, tag="interactions.queued"):
    """It waits in a queue again, at the place of its original arrival."""

    interaction_id: str
    queue_id: str
    cause: QueuedCause
    preferred_agent_id: str | None
    required_agent_id: str | None


class Offered(Event, frozen=True, tag="interactions.offered"):
    """It is shown to one agent."""

    interaction_id: str
    agent_id: str
    offer_id: str


class Held(Event, frozen=True, tag="interactions.held"):
    """A present agent took it; who answers, for which employer and from which country is kept."""

    interaction_id: str
    agent_id: str
    employer_id: str | None
    country: str | None


class MessageReceived(Event, frozen=True, tag="interactions.message_received"):
    """The customer said something."""

    interaction_id: str
    conversation_id: str
    message_id: str
    channel: Channel
    classification: Classification


class MessageSent(Event, frozen=True, tag="interactions.message_sent"):
    """The holder answered; the channel carries it out after the journal's acknowledgement."""

    interaction_id: str
    conversation_id: str
    message_id: str
    channel: Channel
    agent_id: str


class NoteAdded(Event, frozen=True, tag="interactions.note_added"):
    """A colleague left a note."""

    interaction_id: str
    conversation_id: str
    message_id: str
    agent_id: str | None


class WrappedUp(Event, frozen=True, tag="interactions.wrapped_up"):
    """The holder said how it ended."""

    interaction_id: str
    agent_id: str
    disposition_id: str | None


class Scheduled(Event, frozen=True, tag="interactions.scheduled"):
    """It sleeps until a date."""

    interaction_id: str
    agent_id: str
    due_at: datetime


class Transferred(Event, frozen=True, tag="interactions.transferred"):
    """The holder handed it over; `interactions.queued` with the same cause follows."""

    interaction_id: str
    agent_id: str
    to_queue_id: str | None
    to_agent_id: str | None


class Closed(Event, frozen=True, tag="interactions.closed"):
    """It is over; a later message opens a new interaction in the same conversation."""

    interaction_id: str
    agent_id: str | None

"""Bodies and answers of the interactions endpoints."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from intercanal.interactions.live import Channel, Classification, Direction, State

Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\n)$")]
Text = Annotated[str, Meta(min_length=1, max_length=200_000, pattern=r"^[^\x00]*$")]
Line = Annotated[str, Meta(min_length=1, max_length=998, pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$")]
Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?!\n)$")
]
Reason = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?(?!\n)$")]
Instant = Annotated[datetime, Meta(tz=True)]


class CustomerHint(Struct, frozen=True, forbid_unknown_fields=True):
    """Who it is from, for a program that knows an address only: its owner is recognised, or kept as somebody new."""

    kind: Literal["mail", "phone"]
    value: Annotated[str, Meta(min_length=1, max_length=320)]
    name: Name | None = None


class OpenBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of work that another program hands in; `priority` counts upwards, 0 is usual."""

    queue_id: Id
    channel: Literal["task", "chat", "messaging"] = "task"
    conversation_id: Id | None = None
    customer_id: Id | None = None
    customer: CustomerHint | None = None
    text: Text | None = None
    subject: Line | None = None
    external_id: Line | None = None
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    language: Language | None = None
    preferred_agent_id: Id | None = None


class IncomingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """One more message from the customer, handed in by another program."""

    text: Text
    external_id: Line | None = None


class TextBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer, or a note."""

    text: Text


class WrapUpBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How it ended: one of the dispositions, a note, or neither."""

    disposition: Id | None = None
    note: Annotated[str, Meta(max_length=200_000, pattern=r"^[^\x00]*$")] | None = None


class SnoozeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """When it shall come back."""

    until: Instant


class TransferBody(Struct, frozen=True, forbid_unknown_fields=True):
    """To whom it goes: a queue or one agent, with a note for whoever takes it."""

    queue_id: Id | None = None
    agent_id: Id | None = None
    note: Annotated[str, Meta(max_length=200_000, pattern=r"^[^\x00]*$")] | None = None


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A body that says nothing."""


class Done(Struct, frozen=True):
    """What was asked is durable; the desk's own stream has it by this sequence."""

    id: str
    sequence: int


class Begun(Struct, frozen=True):
    """Where a piece of work or a message went."""

    id: str
    conversation_id: str
    message_id: str | None


class Kept(Struct, frozen=True):
    """A message or note that was kept; `id` is its own."""

    id: str
    interaction_id: str
    sequence: int


class AttachmentView(Struct, frozen=True):
    """A file that belongs to a message."""

    name: str
    size: int
    content_type: str


class MessageView(Struct, frozen=True):
    """One message or note, with its words unless they were erased."""

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
    attachments: list[AttachmentView]


class WrapUpView(Struct, frozen=True):
    """How the work ended."""

    disposition_id: str | None
    at: datetime


class AnsweredBy(Struct, frozen=True):
    """Who answered, for which employer and from which country."""

    agent_id: str
    employer_id: str | None
    country: str | None


class InteractionSummary(Struct, frozen=True, kw_only=True):
    """An interaction without its messages."""

    id: str
    conversation_id: str
    channel: Channel
    state: State
    queue_id: str | None
    agent_id: str | None
    customer_id: str | None
    arrived_at: datetime
    since: datetime
    priority: int
    language: str | None
    preferred_agent_id: str | None
    required_agent_id: str | None
    due_at: datetime | None
    answered_by: AnsweredBy | None
    wrap_up: WrapUpView | None
    closed_at: datetime | None
    version: int


class InteractionView(InteractionSummary, frozen=True, kw_only=True):
    """An interaction with its messages, the oldest first."""

    messages: list[MessageView]


class TimelineItem(Struct, frozen=True):
    """One fact in the story of a conversation; `message` is there when it is about one."""

    sequence: int
    at: datetime
    type: str
    interaction_id: str
    actor: str
    facts: dict[str, Any]
    message: MessageView | None


class DispositionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A way in which work can end."""

    name: Name
    version: Annotated[int, Meta(ge=1)] | None = None
    reason: Reason = ""


class DispositionView(Struct, frozen=True):
    """A disposition."""

    id: str
    version: int
    name: str

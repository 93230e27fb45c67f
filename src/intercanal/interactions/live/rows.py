"""The live rows of interactions and messages; words lie in the erasable `interactions_words`, never here."""

from datetime import datetime
from typing import Literal

import msgspec

from intercanal.kernel.live import StateTable

State = Literal["in_flow", "queued", "offered", "held", "scheduled", "closed"]
Channel = Literal["voice", "chat", "messaging", "mail", "task"]
Classification = Literal["normal", "auto_reply", "bounce", "abuse_report"]
Direction = Literal["in", "out", "note"]


class WrapUp(msgspec.Struct, frozen=True, gc=False):
    """How the work ended, as its agent says; the note is a message of its own."""

    disposition_id: str | None
    at: datetime


class InteractionRow(msgspec.Struct, kw_only=True, gc=False):
    """A piece of work on one channel: in exactly one state, and held only by a present agent.

    `arrived_at` is the original arrival and never changes. `required_agent_id` is a direct transfer's recipient,
    `preferred_agent_id` whoever knows the matter.
    """

    id: str
    conversation_id: str
    channel: Channel
    state: State
    since: datetime
    arrived_at: datetime
    queue_id: str | None = None
    agent_id: str | None = None
    offered_to: str | None = None
    customer_id: str | None = None
    priority: int = 0
    language: str | None = None
    preferred_agent_id: str | None = None
    required_agent_id: str | None = None
    due_at: datetime | None = None
    answered_by_agent: str | None = None
    answered_by_employer: str | None = None
    answered_by_country: str | None = None
    wrap_up: WrapUp | None = None
    last_in_message_id: str | None = None
    last_out_message_id: str | None = None
    closed_at: datetime | None = None
    version: int = 0


class MessageRow(msgspec.Struct, kw_only=True, gc=False):
    """One message or note of an interaction, without its words."""

    id: str
    interaction_id: str
    conversation_id: str
    direction: Direction
    at: datetime
    author_agent_id: str | None = None
    classification: Classification = "normal"


def _due(row: InteractionRow) -> datetime | None:
    return row.due_at if row.state == "scheduled" else None


INTERACTIONS = StateTable(
    name="interactions_interactions",
    row=InteractionRow,
    columns={
        "id": "uuid",
        "conversation_id": "uuid",
        "channel": "text",
        "state": "text",
        "since": "timestamptz",
        "arrived_at": "timestamptz",
        "queue_id": "uuid",
        "agent_id": "uuid",
        "offered_to": "uuid",
        "customer_id": "uuid",
        "priority": "integer",
        "language": "text",
        "preferred_agent_id": "uuid",
        "required_agent_id": "uuid",
        "due_at": "timestamptz",
        "answered_by_agent": "uuid",
        "answered_by_employer": "uuid",
        "answered_by_country": "text",
        "wrap_up": "jsonb",
        "last_in_message_id": "uuid",
        "last_out_message_id": "uuid",
        "closed_at": "timestamptz",
        "version": "integer",
    },
    is_live=lambda row: row.state != "closed",
    live_sql="state <> 'closed'",
    due=_due,
)

MESSAGES = StateTable(
    name="interactions_messages",
    row=MessageRow,
    columns={
        "id": "uuid",
        "interaction_id": "uuid",
        "conversation_id": "uuid",
        "direction": "text",
        "at": "timestamptz",
        "author_agent_id": "uuid",
        "classification": "text",
    },
    is_live=lambda _row: False,
    live_sql="false",
)

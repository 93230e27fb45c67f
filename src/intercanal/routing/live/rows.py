"""The live rows of routing: queues as the core knows them, offers, growing circles, and who idles since when."""

from datetime import datetime
from typing import Literal

import msgspec

from intercanal.kernel.live import StateTable
from intercanal.routing.domain import Reason
from intercanal.tenancy.live import CalendarSpec

OfferState = Literal["open", "accepted", "declined", "expired", "withdrawn"]

DEFAULT_OFFER_TIMEOUT_S = 30
DEFAULT_TARGETS: dict[str, int] = {"voice": 20, "chat": 60, "messaging": 300, "mail": 14_400, "task": 14_400}


class Circle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may serve from `after_s` of waiting on: minimum levels by skill, and one of some teams if any is named."""

    after_s: int = 0
    skills: dict[str, int] = {}
    team_ids: list[str] = []


class Overflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The queue whose agents join in after a wait; the contact keeps its place in its own queue too."""

    after_s: int
    to_queue_id: str


class QueueRow(msgspec.Struct, kw_only=True):
    """The live copy of a queue; `changes_at` is when its hours open or close it next."""

    id: str
    version: int
    circles: list[Circle]
    priority: int = 0
    targets: dict[str, int] = msgspec.field(default_factory=dict)
    offer_timeout_s: int = DEFAULT_OFFER_TIMEOUT_S
    calendar: CalendarSpec | None = None
    overflow: Overflow | None = None
    retired: bool = False
    is_open: bool = True
    changes_at: datetime | None = None


class OfferRow(msgspec.Struct, kw_only=True, gc=False):
    """Work shown to one agent; `idle_since` is given back when the offer is taken away without the agent's doing."""

    id: str
    interaction_id: str
    agent_id: str
    queue_id: str
    made_at: datetime
    expires_at: datetime
    idle_since: datetime
    reason: Reason
    state: OfferState = "open"
    ended_at: datetime | None = None


class Joined(msgspec.Struct, frozen=True):
    """A queue whose agents may take a contact, since when, and the circle reached there."""

    queue_id: str
    since: datetime
    circle: int = 0


class WaitRow(msgspec.Struct, kw_only=True):
    """The wait of an interaction whose circle grows or that overflows; kept only while there is something to grow."""

    id: str
    joined: list[Joined]
    due_at: datetime | None = None
    ended: bool = False


class StandbyRow(msgspec.Struct, kw_only=True, gc=False):
    """Since when an agent has had nothing new, and the last offer taken, so that taking it twice is known as such."""

    id: str
    since: datetime
    accepted_offer_id: str | None = None


QUEUES = StateTable(
    name="routing_queues",
    row=QueueRow,
    columns={
        "id": "uuid",
        "version": "integer",
        "circles": "jsonb",
        "priority": "integer",
        "targets": "jsonb",
        "offer_timeout_s": "integer",
        "calendar": "jsonb",
        "overflow": "jsonb",
        "retired": "boolean",
        "is_open": "boolean",
        "changes_at": "timestamptz",
    },
    due=lambda row: row.changes_at,
)

OFFERS = StateTable(
    name="routing_offers",
    row=OfferRow,
    columns={
        "id": "uuid",
        "interaction_id": "uuid",
        "agent_id": "uuid",
        "queue_id": "uuid",
        "made_at": "timestamptz",
        "expires_at": "timestamptz",
        "idle_since": "timestamptz",
        "reason": "jsonb",
        "state": "text",
        "ended_at": "timestamptz",
    },
    is_live=lambda row: row.state == "open",
    live_sql="state = 'open'",
    due=lambda row: row.expires_at if row.state == "open" else None,
)

WAITS = StateTable(
    name="routing_waits",
    row=WaitRow,
    columns={"id": "uuid", "joined": "jsonb", "due_at": "timestamptz", "ended": "boolean"},
    is_live=lambda row: not row.ended,
    live_sql="not ended",
    due=lambda row: None if row.ended else row.due_at,
)

STANDBYS = StateTable(
    name="routing_standbys",
    row=StandbyRow,
    columns={"id": "uuid", "since": "timestamptz", "accepted_offer_id": "uuid"},
)

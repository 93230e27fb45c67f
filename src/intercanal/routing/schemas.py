"""Bodies and answers of the routing endpoints."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from intercanal.routing.domain import Reason
from intercanal.routing.live import DEFAULT_OFFER_TIMEOUT_S, OfferState

Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?!\n)$")
]
Why = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\n)$")]
Level = Annotated[int, Meta(ge=1, le=5)]
Skills = Annotated[dict[Id, Level], Meta(max_length=20)]
Teams = Annotated[list[Id], Meta(max_length=50)]
Version = Annotated[int, Meta(ge=1)]
Seconds = Annotated[int, Meta(ge=1, le=31 * 24 * 3600)]
Priority = Annotated[int, Meta(ge=-10, le=10)]


class CircleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Who joins after a wait; what is left out stays as in the circle before."""

    after_s: Seconds
    skills: Skills | None = None
    team_ids: Teams | None = None


class OverflowBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The queue whose agents join in after a wait."""

    after_s: Seconds
    to_queue_id: Id


class Targets(Struct, frozen=True, forbid_unknown_fields=True):
    """Within how many seconds a contact should be answered, per channel; the usual target where none is named."""

    voice: Seconds | None = None
    chat: Seconds | None = None
    messaging: Seconds | None = None
    mail: Seconds | None = None
    task: Seconds | None = None

    def given(self) -> dict[str, int]:
        """Return the channels that were named."""
        all_channels = {"voice": self.voice, "chat": self.chat, "messaging": self.messaging, "mail": self.mail}
        return {channel: s for channel, s in (all_channels | {"task": self.task}).items() if s is not None}


class QueueBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A queue's settings; with a name alone it is served by every agent at any hour."""

    name: Name
    skills: Skills = field(default_factory=dict)
    team_ids: Teams = field(default_factory=list)
    circles: Annotated[list[CircleBody], Meta(max_length=10)] = field(default_factory=list)
    priority: Priority = 0
    targets: Targets = Targets()
    offer_timeout_s: Annotated[int, Meta(ge=5, le=3600)] = DEFAULT_OFFER_TIMEOUT_S
    calendar_id: Id | None = None
    overflow: OverflowBody | None = None
    version: Version | None = None
    reason: Why = ""


class QueueView(Struct, frozen=True):
    """A queue in one of its versions, with who wrote it, when and why."""

    id: str
    version: int
    name: str
    skills: dict[str, int]
    team_ids: list[str]
    circles: list[CircleBody]
    priority: int
    targets: dict[str, int]
    offer_timeout_s: int
    calendar_id: str | None
    overflow: OverflowBody | None
    author_id: str | None
    at: datetime
    reason: str


class OfferView(Struct, frozen=True):
    """What an agent is shown, and why."""

    id: str
    interaction_id: str
    expires_at: datetime
    reason: Reason


class DecisionView(Struct, frozen=True):
    """An offer with its reason: why this agent, why now, who was second, and what became of it."""

    id: str
    interaction_id: str
    agent_id: str
    queue_id: str
    made_at: datetime
    expires_at: datetime
    reason: Reason
    state: OfferState
    ended_at: datetime | None


class Answered(Struct, frozen=True):
    """What became of an offer; `sequence` is what a screen has to have seen to show it."""

    id: str
    state: Literal["accepted", "declined"]
    sequence: int


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty body."""


class WaitingView(Struct, frozen=True):
    """A piece of work that waits, in the order in which it is served, and why it waits."""

    interaction_id: str
    channel: str
    arrived_at: datetime
    due_at: datetime
    priority: int
    circle: int
    why: Reason


class Counts(Struct, frozen=True):
    """How many agents could serve the queue's first circle, how many are there, and how many are available."""

    able: int
    present: int
    available: int


class QueueLive(Struct, frozen=True):
    """A queue at this moment: its work in order, and people only counted."""

    queue_id: str
    is_open: bool
    changes_at: datetime | None
    queued: int
    offered: int
    held: int
    agents: Counts
    waiting: list[WaitingView]

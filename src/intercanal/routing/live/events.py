"""What happened to queues, offers and waits."""

from datetime import datetime
from typing import Literal

from intercanal.kernel.live import Event
from intercanal.routing.domain import Reason
from intercanal.routing.live.rows import Circle, Joined, Overflow
from intercanal.tenancy.live import CalendarSpec

WithdrawnCause = Literal["agent_away", "work_gone"]


class QueueConfigured(Event, frozen=True, kw_only=True, tag="routing.queue_configured"):
    """The core knows this version of the queue's settings."""

    queue_id: str
    version: int
    circles: list[Circle]
    priority: int
    targets: dict[str, int]
    offer_timeout_s: int
    calendar: CalendarSpec | None
    overflow: Overflow | None
    retired: bool
    is_open: bool
    changes_at: datetime | None


class QueueOpened(Event, frozen=True, tag="routing.queue_opened"):
    """The queue's hours began."""

    queue_id: str
    changes_at: datetime | None


class QueueClosed(Event, frozen=True, tag="routing.queue_closed"):
    """The queue's hours ended; what waits keeps its place, what is shown or held goes on."""

    queue_id: str
    changes_at: datetime | None


class OfferMade(Event, frozen=True, kw_only=True, tag="routing.offer_made"):
    """Work is shown to one agent, with the reason why this one, why now, and who was second."""

    offer_id: str
    interaction_id: str
    agent_id: str
    queue_id: str
    expires_at: datetime
    idle_since: datetime
    reason: Reason


class OfferAccepted(Event, frozen=True, tag="routing.offer_accepted"):
    """The agent took it."""

    offer_id: str
    interaction_id: str
    agent_id: str


class OfferDeclined(Event, frozen=True, tag="routing.offer_declined"):
    """The agent said not now; the work returns to its original place."""

    offer_id: str
    interaction_id: str
    agent_id: str


class OfferExpired(Event, frozen=True, tag="routing.offer_expired"):
    """The agent did not answer in time; the work returns to its original place."""

    offer_id: str
    interaction_id: str
    agent_id: str


class OfferWithdrawn(Event, frozen=True, tag="routing.offer_withdrawn"):
    """It is no longer shown: the agent is not there for it, or the work itself has gone."""

    offer_id: str
    interaction_id: str
    agent_id: str
    cause: WithdrawnCause


class WaitPlanned(Event, frozen=True, tag="routing.wait_planned"):
    """These queues and circles may serve the contact now; more join at `due_at`."""

    interaction_id: str
    joined: list[Joined]
    due_at: datetime | None


class WaitEnded(Event, frozen=True, tag="routing.wait_ended"):
    """Nothing grows any more: the contact is held, asleep, elsewhere or gone."""

    interaction_id: str


class AgentIdle(Event, frozen=True, tag="routing.agent_idle"):
    """Work ended and nothing allowed waited: the agent is idle since then."""

    agent_id: str
    since: datetime

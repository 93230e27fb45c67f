"""What happened to agents, for the core itself, the desks and whoever listens above."""

from datetime import datetime
from typing import Literal

from intercanal.kernel.live import Event
from intercanal.people.live.rows import Presence

PresenceCause = Literal["agent", "pause_after", "offer_declined", "offer_missed", "shift_ended", "retired"]


class AgentConfigured(Event, frozen=True, kw_only=True, tag="people.agent_configured"):
    """The core knows this version of the agent's settings."""

    agent_id: str
    version: int
    skills: dict[str, int]
    languages: list[str]
    team_ids: list[str]
    bounds: dict[str, int]
    capacities: dict[str, int]
    gap_min_s: int
    employer_id: str | None
    country: str | None
    retired: bool


class PresenceChanged(Event, frozen=True, tag="people.presence_changed"):
    """The agent's stored presence is now this one."""

    agent_id: str
    state: Presence
    cause: PresenceCause
    shift_hours: int
    shift_ends_at: datetime | None


class PauseAfterAsked(Event, frozen=True, tag="people.pause_after_asked"):
    """The agent will be paused when a contact in hand is over; nothing new is offered until then."""

    agent_id: str


class PauseAfterCancelled(Event, frozen=True, tag="people.pause_after_cancelled"):
    """The agent wants to go on after all."""

    agent_id: str


class CapacityChosen(Event, frozen=True, tag="people.capacity_chosen"):
    """How much at once the agent takes per channel, and the rest between two contacts."""

    agent_id: str
    capacities: dict[str, int]
    gap_s: int


class ConnectionOpened(Event, frozen=True, tag="people.connection_opened"):
    """A screen of the agent is connected; whatever was lost is found again."""

    agent_id: str
    connection_id: str


class ConnectionLost(Event, frozen=True, tag="people.connection_lost"):
    """A socket is gone; `screens` tells how many are left, and with none no new offer is made."""

    agent_id: str
    connection_id: str
    screens: int


class AbsenceDeclared(Event, frozen=True, tag="people.absence_declared"):
    """No screen came back within the minute: offers and live chats return to the queue."""

    agent_id: str


class ConnectionsForgotten(Event, frozen=True, tag="people.connections_forgotten"):
    """A new owner took over: each agent who had a screen has a minute to come back."""


class ContactEnded(Event, frozen=True, tag="people.contact_ended"):
    """A piece of work left the agent's hands; the agent rests until then when a gap is due."""

    agent_id: str
    rests_until: datetime | None


class AgentRested(Event, frozen=True, tag="people.agent_rested"):
    """The gap between two contacts is over."""

    agent_id: str

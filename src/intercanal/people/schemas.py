"""Bodies and answers of the people endpoints."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from intercanal.people.live import DEFAULT_BOUNDS, MAX_GAP_S, Presence

Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?!\n)$")
]
Email = Annotated[str, Meta(min_length=3, max_length=254)]
Reason = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?(?!\n)$")]
Level = Annotated[int, Meta(ge=1, le=5)]
Count = Annotated[int, Meta(ge=0, le=100)]
Gap = Annotated[int, Meta(ge=0, le=MAX_GAP_S)]
Version = Annotated[int, Meta(ge=1)]


class Bounds(Struct, frozen=True, forbid_unknown_fields=True):
    """How much at once per channel; of an agent's settings the most, of an agent's own choice what they take."""

    voice: Count | None = None
    chat: Count | None = None
    messaging: Count | None = None
    mail: Count | None = None
    task: Count | None = None

    def given(self) -> dict[str, int]:
        """Return the channels that were named."""
        named = {"voice": self.voice, "chat": self.chat, "messaging": self.messaging, "mail": self.mail}
        named["task"] = self.task
        return {channel: count for channel, count in named.items() if count is not None}

    def with_defaults(self) -> dict[str, int]:
        """Return all channels, those that were not named with the usual bound."""
        return {**DEFAULT_BOUNDS, **self.given()}


class AgentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An agent's settings; `skills` gives a level from 1 to 5 by skill id."""

    name: Name
    email: Email
    skills: Annotated[dict[str, Level], Meta(max_length=200)] = field(default_factory=dict)
    languages: Annotated[list[Language], Meta(max_length=50)] = field(default_factory=list)
    team_ids: Annotated[list[str], Meta(max_length=50)] = field(default_factory=list)
    employer_id: str | None = None
    site_id: str | None = None
    country: Country | None = None
    capacity_bounds: Bounds = Bounds()
    gap_min_s: Gap = 0
    version: Version | None = None
    reason: Reason = ""


class AgentView(Struct, frozen=True):
    """An agent: their settings, and whether they are there."""

    id: str
    version: int
    name: str
    email: str
    skills: dict[str, int]
    languages: list[str]
    team_ids: list[str]
    employer_id: str | None
    site_id: str | None
    country: str | None
    capacity_bounds: dict[str, int]
    gap_min_s: int
    presence: Presence


class AgentVersion(Struct, frozen=True):
    """One version of an agent's settings, with who wrote it, when and why."""

    version: int
    author_id: str | None
    at: datetime
    reason: str
    skills: dict[str, int]
    languages: list[str]
    team_ids: list[str]
    capacity_bounds: dict[str, int]
    gap_min_s: int
    retired: bool


class NamedBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A team or a skill."""

    name: Name
    version: Version | None = None
    reason: Reason = ""


class NamedView(Struct, frozen=True):
    """A team or a skill."""

    id: str
    version: int
    name: str


class TokenBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What to call a token in the list of those that exist."""

    name: Name = "agent"


class AgentToken(Struct, frozen=True):
    """A token with which a robot works as an agent, shown this once; null when the request is a repeat."""

    token: str | None


class PresenceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one is: nothing else is asked, by anybody."""

    state: Presence


class PresenceView(Struct, frozen=True):
    """One's own presence, as it now is."""

    state: Presence
    pause_after: bool


class CapacityBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How much one takes at once, inside the bounds, and the rest one wants between two contacts."""

    capacities: Bounds = Bounds()
    gap_s: Gap | None = None


class OwnState(Struct, frozen=True):
    """An agent's own state, for their desk."""

    agent_id: str
    name: str
    presence: Presence
    pause_after: bool
    since: datetime
    connected: bool
    capacities: dict[str, int]
    capacity_bounds: dict[str, int]
    gap_s: int
    gap_min_s: int
    shift_ends_at: datetime | None

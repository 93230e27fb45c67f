"""What may be asked of the live core about an agent; only the agent's own door sets a presence."""

import msgspec

from intercanal.kernel.live import Command
from intercanal.people.live.rows import Presence


class ConfigureAgent(Command, frozen=True, kw_only=True, tag="people.configure_agent"):
    """Take the settings of an agent; an older version than the known one changes nothing."""

    agent_id: str
    version: int
    skills: dict[str, int] = msgspec.field(default_factory=dict)
    languages: list[str] = msgspec.field(default_factory=list)
    team_ids: list[str] = msgspec.field(default_factory=list)
    bounds: dict[str, int] = msgspec.field(default_factory=dict)
    gap_min_s: int = 0
    employer_id: str | None = None
    country: str | None = None
    retired: bool = False


class SetPresence(Command, frozen=True, tag="people.set_presence"):
    """The agent says: available, paused or offline; the length of the shift counts when one begins."""

    agent_id: str
    state: Presence
    shift_hours: int | None = None


class AskPauseAfter(Command, frozen=True, tag="people.ask_pause_after"):
    """The agent says: pause me when the contact in hand is over."""

    agent_id: str


class CancelPauseAfter(Command, frozen=True, tag="people.cancel_pause_after"):
    """The agent takes back the wish to be paused after this contact."""

    agent_id: str


class ChooseCapacity(Command, frozen=True, tag="people.choose_capacity"):
    """The agent chooses how much at once per channel, inside the bounds, and the rest between two contacts."""

    agent_id: str
    capacities: dict[str, int] = msgspec.field(default_factory=dict)
    gap_s: int | None = None


class OpenConnection(Command, frozen=True, tag="people.open_connection"):
    """A screen of the agent opened its socket."""

    agent_id: str
    connection_id: str


class LoseConnection(Command, frozen=True, tag="people.lose_connection"):
    """A socket of the agent is gone."""

    agent_id: str
    connection_id: str


class ForgetConnections(Command, frozen=True, tag="people.forget_connections"):
    """A new owner starts: no socket of the former one can be alive, so all count as lost."""

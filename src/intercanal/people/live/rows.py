"""The live copy of an agent, and the pure questions that others ask about it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from intercanal.kernel.live import StateTable

Presence = Literal["available", "paused", "offline"]

ABSENCE_AFTER = timedelta(seconds=60)
LIVE_CHANNELS = frozenset({"chat", "messaging"})
DEFAULT_BOUNDS: Mapping[str, int] = {"voice": 1, "chat": 6, "messaging": 8, "mail": 10, "task": 10}
DEFAULT_CAPACITIES: Mapping[str, int] = {"voice": 1, "chat": 3, "messaging": 3, "mail": 2, "task": 2}
DEFAULT_SHIFT_HOURS = 12
MAX_GAP_S = 3600


class AgentRow(msgspec.Struct, kw_only=True, gc=False):
    """What the core knows of an agent: what they can do, what they chose, and whether they are there.

    `bounds` are the most a setting allows per channel, `capacities` what the agent chose inside them.
    """

    id: str
    version: int
    skills: dict[str, int] = msgspec.field(default_factory=dict)
    languages: list[str] = msgspec.field(default_factory=list)
    team_ids: list[str] = msgspec.field(default_factory=list)
    bounds: dict[str, int] = msgspec.field(default_factory=dict)
    capacities: dict[str, int] = msgspec.field(default_factory=dict)
    gap_s: int = 0
    gap_min_s: int = 0
    employer_id: str | None = None
    country: str | None = None
    retired: bool = False
    presence: Presence = "offline"
    pause_after: bool = False
    since: datetime
    connections: list[str] = msgspec.field(default_factory=list)
    lost_at: datetime | None = None
    absent: bool = False
    rests_until: datetime | None = None
    shift_hours: int = DEFAULT_SHIFT_HOURS
    shift_ends_at: datetime | None = None


def _due(row: AgentRow) -> datetime | None:
    absence = None if row.lost_at is None or row.absent else row.lost_at + ABSENCE_AFTER
    return min((at for at in (absence, row.rests_until, row.shift_ends_at) if at is not None), default=None)


AGENTS = StateTable(
    name="people_agents",
    row=AgentRow,
    columns={
        "id": "uuid",
        "version": "integer",
        "skills": "jsonb",
        "languages": "jsonb",
        "team_ids": "jsonb",
        "bounds": "jsonb",
        "capacities": "jsonb",
        "gap_s": "integer",
        "gap_min_s": "integer",
        "employer_id": "uuid",
        "country": "text",
        "retired": "boolean",
        "presence": "text",
        "pause_after": "boolean",
        "since": "timestamptz",
        "connections": "jsonb",
        "lost_at": "timestamptz",
        "absent": "boolean",
        "rests_until": "timestamptz",
        "shift_hours": "integer",
        "shift_ends_at": "timestamptz",
    },
    due=_due,
)


def is_present(row: AgentRow, channel: str) -> bool:
    """Say whether this agent may hold work of a channel: paused is present, a lost screen keeps only deferred work."""
    return row.presence != "offline" and not (row.absent and channel in LIVE_CHANNELS)


def is_reachable(row: AgentRow) -> bool:
    """Say whether work may be kept for this agent alone: somebody who will come back to it soon."""
    return row.presence != "offline" and not row.absent


def may_be_offered(row: AgentRow) -> bool:
    """Say whether new work may be shown to this agent at this instant, whatever the channel."""
    return (
        row.presence == "available"
        and not row.pause_after
        and not row.retired
        and row.lost_at is None
        and row.rests_until is None
    )


def has_room(row: AgentRow, load: Mapping[str, int], channel: str) -> bool:
    """Say whether one more piece of work fits: a call stands alone among live channels, deferred work can be set aside.

    `load` counts the work held and offered per channel.
    """
    if load.get(channel, 0) >= row.capacities.get(channel, 0) or load.get("voice", 0):
        return False
    return channel != "voice" or not any(load.get(live, 0) for live in LIVE_CHANNELS)

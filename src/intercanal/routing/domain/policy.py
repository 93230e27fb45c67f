"""The policy: two static keys, so that waiting and idling never need a new sort.

Deadline-aware priority chooses the contact, the longest idle of the least loaded chooses the agent. A richer policy
takes this module's place: it weighs the heads that `Waiting` and `Roster` give, which stay few whatever the numbers.
"""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
PULL_FLOOR_S = 60
_HELD_SHIFT = 53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """Return an instant as microseconds since 1970, exactly."""
    return round(at.timestamp() * SECOND)


def from_microseconds(at: int) -> datetime:
    """Return the instant that `microseconds` came from."""
    return _EPOCH + timedelta(microseconds=at)


def deadline(arrived: int, target_s: int, priority: int) -> int:
    """Return the instant by which a contact should be answered; each step of priority counts as one target waited.

    Short targets count as a minute, so that a priority means something between a call and a chat.
    """
    return arrived + (target_s - priority * max(target_s, PULL_FLOOR_S)) * SECOND


def idle_key(held: int, idle_since: int) -> int:
    """Return the place of a free agent: those with less in hand first, then the longest idle."""
    return (held << _HELD_SHIFT) | idle_since


def held_of(key: int) -> int:
    """Return how much an agent with this key has in hand."""
    return key >> _HELD_SHIFT


def idle_since_of(key: int) -> int:
    """Return since when an agent with this key is idle."""
    return key & ((1 << _HELD_SHIFT) - 1)
